package dev.gantry.orchestrator.build.dockerfile;

import dev.gantry.bus.contract.Names;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A value of {@code RUN --mount}: {@code type=…,target=…}. */
public sealed interface RunMount {
    /** Where in the container, absolute or below the working directory. */
    String target();

    /**
     * A directory that outlives the build.
     *
     * @param id shared by all mounts that name it
     * @param sharing shared, private or locked
     * @param mode of a new one
     */
    record Cache(
            String target,
            String id,
            String sharing,
            boolean readOnly,
            int mode,
            long uid,
            long gid)
            implements RunMount {}

    /**
     * Files of the context, a stage or an image.
     *
     * @param from empty: the context
     * @param writable whether the step may write; nothing of it is kept
     */
    record Bind(String target, String from, String source, boolean writable) implements RunMount {}

    /** Something secret, given by whoever builds. */
    record Secret(String target, String id, boolean required, int mode, long uid, long gid)
            implements RunMount {}

    /** Memory; no size is the kernel's default. */
    record Tmpfs(String target, Optional<Long> bytes) implements RunMount {}

    /** Reads a mount whose variables were replaced. */
    static RunMount parse(Place place, String text) {
        return new Reader(place, text).mount();
    }

    /** Takes the fields one after another; what is left over is an error. */
    final class Reader {
        private static final Set<String> FLAGS =
                Set.of("ro", "readonly", "rw", "readwrite", "required");
        private static final long MAX_ID = 0xffff_fffeL;

        private final Place place;
        private final String text;
        private final Map<String, String> fields = new HashMap<>();

        private Reader(Place place, String text) {
            this.place = place;
            this.text = text;
            for (var field : fields(text)) {
                int equals = field.indexOf('=');
                var key = (equals < 0 ? field : field.substring(0, equals)).strip();
                if (equals < 0 && !FLAGS.contains(key)) {
                    throw refuse("%s has no value", Names.quote(key));
                }
                if (fields.put(key, equals < 0 ? "true" : field.substring(equals + 1)) != null) {
                    throw refuse("%s stands twice", key);
                }
            }
        }

        /** Comma-separated, a field in quotes may have commas. */
        private static List<String> fields(String text) {
            var fields = new ArrayList<String>();
            var field = new StringBuilder();
            boolean quoted = false;
            for (char c : text.toCharArray()) {
                if (c == '"') {
                    quoted = !quoted;
                } else if (c == ',' && !quoted) {
                    fields.add(field.toString());
                    field.setLength(0);
                } else {
                    field.append(c);
                }
            }
            fields.add(field.toString());
            return fields;
        }

        private RuntimeException refuse(String format, Object... arguments) {
            return place.refuse("RUN --mount=%s: %s", text, String.format(format, arguments));
        }

        private RunMount mount() {
            var type = take("type").orElse("bind");
            var mount =
                    switch (type) {
                        case "bind" -> bind();
                        case "cache" -> cache();
                        case "secret" -> secret();
                        case "tmpfs" -> tmpfs();
                        default ->
                                throw place.unsupported(
                                        "RUN --mount=%s: the type %s is none of bind, cache,"
                                                + " secret, tmpfs",
                                        text, Names.quote(type));
                    };
            for (var left : fields.keySet()) {
                throw place.unsupported(
                        "RUN --mount=%s: %s is not known of type %s",
                        text, Names.quote(left), type);
            }
            return mount;
        }

        private RunMount bind() {
            var target = target();
            boolean writable = flag("rw", "readwrite");
            boolean readOnly = flag("ro", "readonly");
            return new Bind(
                    target,
                    take("from").orElse(""),
                    take("source").or(() -> take("src")).orElse("/"),
                    writable && !readOnly);
        }

        private RunMount cache() {
            var target = target();
            var id = take("id").orElse(target);
            var sharing = take("sharing").orElse("shared");
            if (!Set.of("shared", "private", "locked").contains(sharing)) {
                throw refuse("sharing=%s is none of shared, private, locked", sharing);
            }
            boolean readOnly = flag("ro", "readonly");
            flag("rw", "readwrite");
            return new Cache(
                    target, id, sharing, readOnly, mode(0755), number("uid"), number("gid"));
        }

        private RunMount secret() {
            var id = take("id");
            var target = take("target").or(() -> take("dst")).or(() -> take("destination"));
            if (id.isEmpty() && target.isEmpty()) {
                throw refuse("a secret needs an id or a target");
            }
            if (fields.containsKey("env")) {
                throw place.unsupported(
                        "RUN --mount=%s: env would write the secret into the step's record: use"
                                + " its file",
                        text);
            }
            var name =
                    id.orElseGet(() -> target.get().substring(target.get().lastIndexOf('/') + 1));
            return new Secret(
                    target.orElse("/run/secrets/" + name),
                    name,
                    flag("required", "required"),
                    mode(0400),
                    number("uid"),
                    number("gid"));
        }

        private RunMount tmpfs() {
            var target = target();
            var size = take("size");
            if (size.isPresent() && !size.get().matches("[0-9]{1,15}")) {
                throw refuse("size=%s is not a number of bytes", Names.quote(size.get()));
            }
            return new Tmpfs(target, size.map(Long::parseLong));
        }

        private Optional<String> take(String name) {
            return Optional.ofNullable(fields.remove(name)).filter(value -> !value.isEmpty());
        }

        private String target() {
            return take("target")
                    .or(() -> take("dst"))
                    .or(() -> take("destination"))
                    .orElseThrow(() -> refuse("no target"));
        }

        private boolean flag(String name, String other) {
            var value = take(name).or(() -> take(other)).orElse("false");
            if (!value.matches("true|false|1|0")) {
                throw refuse("%s=%s is neither true nor false", name, Names.quote(value));
            }
            return value.matches("true|1");
        }

        private int mode(int otherwise) {
            var value = take("mode");
            if (value.isEmpty()) {
                return otherwise;
            }
            if (!value.get().matches("0?[0-7]{1,4}")) {
                throw refuse("mode=%s is not of octal digits up to 7777", Names.quote(value.get()));
            }
            return Integer.parseInt(value.get(), 8);
        }

        private long number(String name) {
            var value = take(name).orElse("0");
            if (!value.matches("[0-9]{1,10}") || Long.parseLong(value) > MAX_ID) {
                throw refuse("%s=%s is not within 0..%d", name, Names.quote(value), MAX_ID);
            }
            return Long.parseLong(value);
        }
    }
}
