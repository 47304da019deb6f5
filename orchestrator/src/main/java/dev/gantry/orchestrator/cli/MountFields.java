package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.spec.SpecBuilder;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code --mount type=bind|volume|tmpfs|image,src=…,dst=…}: fields separated by commas, one in
 * quotes may have commas itself. A field that is not of the mount's type is refused.
 */
final class MountFields {
    private final String what;
    private final Set<String> of = new HashSet<>();
    private final List<String> options = new ArrayList<>();
    private String type = "volume";
    private String source = "";
    private String destination = "";

    private MountFields(String text) {
        this.what = "--mount " + Names.quote(text);
        split(text).forEach(this::field);
    }

    static OciMount parse(String text) {
        return new MountFields(text).mount();
    }

    /** Comma-separated; {@code "a,b"} is one, and {@code ""} in it a quote (RFC 4180). */
    private List<String> split(String text) {
        var fields = new ArrayList<String>();
        var field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
                field.append(c);
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                fields.add(field.toString());
                field.setLength(0);
            } else {
                field.append(c);
            }
        }
        if (quoted) {
            throw FaultException.invalid("%s: a quote is not closed", what);
        }
        fields.add(field.toString());
        return fields;
    }

    private void field(String field) {
        int equals = field.indexOf('=');
        var key = equals < 0 ? field : field.substring(0, equals);
        var value = equals < 0 ? "" : field.substring(equals + 1);
        switch (key) {
            case "type" -> type = value;
            case "src", "source" -> source = value;
            case "dst", "destination", "target" -> destination = value;
            case "ro", "readonly" -> flag(key, value, "ro");
            case "consistency" -> options.add(value);
            case "bind-propagation" -> only("bind", MountSyntax.propagation(what, value));
            case "bind-nonrecursive" -> {
                of.add("bind");
                flag(key, value, "bind");
            }
            case "bind-recursive" -> recursive(value);
            case "relabel" ->
                    only(
                            "bind",
                            switch (value) {
                                case "shared" -> "z";
                                case "private" -> "Z";
                                default -> throw unknown(key, value);
                            });
            case "image-subpath" ->
                    throw MountSyntax.unsupported(what, key, "an image is mounted as a whole");
            case "volume-nocopy" -> {
                of.add("volume");
                flag(key, value, SpecBuilder.NO_COPY);
            }
            case "volume-driver" -> {
                of.add("volume");
                if (!value.equals("local")) {
                    throw MountSyntax.unsupported(what, field, "local is the only driver");
                }
            }
            case "volume-label", "volume-opt" ->
                    throw MountSyntax.unsupported(
                            what, key, "make the volume first, by 'gantry volume create'");
            case "volume-subpath" ->
                    throw MountSyntax.unsupported(what, key, "a volume is mounted as a whole");
            case "tmpfs-size" -> only("tmpfs", "size=" + Sizes.bytes("tmpfs-size", value));
            case "tmpfs-mode" -> {
                if (!value.matches("[0-7]{1,4}")) {
                    throw unknown(key, value);
                }
                only("tmpfs", "mode=" + value);
            }
            case "tmpcopyup" -> {
                of.add("tmpfs");
                flag(key, value, "tmpcopyup");
            }
            default ->
                    throw FaultException.invalid(
                            "%s: the field %s is not known", what, Names.quote(key));
        }
    }

    private void only(String kind, String option) {
        of.add(kind);
        options.add(option);
    }

    private void flag(String key, String value, String option) {
        switch (value) {
            case "", "true", "1" -> options.add(option);
            case "false", "0" -> {
                // As without it.
            }
            default -> throw unknown(key, value);
        }
    }

    private void recursive(String value) {
        of.add("bind");
        switch (value) {
            case "enabled" -> options.add("rbind");
            case "disabled" -> options.add("bind");
            case "readonly" -> options.addAll(List.of("rbind", "rro"));
            default -> throw unknown("bind-recursive", value);
        }
    }

    private FaultException unknown(String key, String value) {
        return FaultException.invalid("%s: %s is not a value of %s", what, Names.quote(value), key);
    }

    private OciMount mount() {
        if (!destination.startsWith("/")) {
            throw FaultException.invalid(
                    "%s: dst=%s is not an absolute path", what, Names.quote(destination));
        }
        for (var kind : of) {
            if (!kind.equals(type)) {
                throw FaultException.invalid(
                        "%s: it has a field of a %s, and its type is %s",
                        what, kind, Names.quote(type));
            }
        }
        return switch (type) {
            case "tmpfs" -> {
                if (!source.isEmpty()) {
                    throw FaultException.invalid("%s: a tmpfs has no src", what);
                }
                yield new OciMount(destination, "tmpfs", "tmpfs", options);
            }
            case "bind" -> {
                if (source.isEmpty()) {
                    throw FaultException.invalid("%s: a bind has a src", what);
                }
                yield MountSyntax.bind(what, source, destination, options);
            }
            case SpecBuilder.IMAGE -> MountSyntax.image(what, source, destination, options);
            case "volume" -> MountSyntax.volume(what, source, destination, options);
            default ->
                    throw FaultException.invalid(
                            "%s: type %s is none of bind, volume, tmpfs, image",
                            what, Names.quote(type));
        };
    }
}
