package dev.gantry.orchestrator.build.dockerfile;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.wire.Json;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Makes an instruction of a statement, or refuses it by file and line. */
final class InstructionReader {
    private static final Set<String> NEVER_TRIGGERED = Set.of("ONBUILD", "FROM", "MAINTAINER");

    private final Statement statement;
    private final Place place;
    private final Flags flags;
    private final String text;

    private InstructionReader(Statement statement) {
        this.statement = statement;
        this.place = statement.place();
        this.flags = new Flags(statement);
        var all = new StringBuilder(statement.keyword());
        statement.flags().forEach(flag -> all.append(" --").append(flag));
        this.text = all.append(' ').append(statement.rest()).toString().strip();
    }

    static Instruction read(Statement statement) {
        var reader = new InstructionReader(statement);
        if (statement.rest().isEmpty()) {
            throw statement.place().refuse("%s without an argument", statement.keyword());
        }
        var instruction = reader.instruction();
        reader.flags.done();
        return instruction;
    }

    private Instruction instruction() {
        return switch (statement.keyword()) {
            case "RUN" -> run();
            case "COPY" -> copy(false);
            case "ADD" -> copy(true);
            case "ENV" -> new Instruction.Env(place, text, pairs());
            case "LABEL" -> new Instruction.Label(place, text, pairs());
            case "ARG" -> new Instruction.Arg(place, text, parameters());
            case "WORKDIR" -> new Instruction.Workdir(place, text, statement.rest());
            case "USER" -> new Instruction.User(place, text, statement.rest());
            case "EXPOSE" -> new Instruction.Expose(place, text, words());
            case "VOLUME" -> new Instruction.Volume(place, text, json().orElseGet(this::words));
            case "CMD" -> new Instruction.Cmd(place, text, command());
            case "ENTRYPOINT" -> new Instruction.Entrypoint(place, text, command());
            case "SHELL" ->
                    new Instruction.Shell(
                            place,
                            text,
                            json().filter(words -> !words.isEmpty())
                                    .orElseThrow(
                                            () ->
                                                    place.refuse(
                                                            "SHELL takes words in JSON, for"
                                                                    + " example [\"/bin/sh\","
                                                                    + " \"-c\"]")));
            case "STOPSIGNAL" -> new Instruction.StopSignal(place, text, statement.rest());
            case "HEALTHCHECK" -> healthcheck();
            case "ONBUILD" -> onBuild();
            case "MAINTAINER" -> new Instruction.Maintainer(place, text, statement.rest());
            default -> throw place.refuse("%s is no instruction", Names.quote(statement.keyword()));
        };
    }

    private List<String> words() {
        return RawWords.split(statement.rest(), statement.escape());
    }

    /** The arguments as words in JSON; empty where they are something else. */
    private Optional<List<String>> json() {
        if (!statement.rest().startsWith("[")) {
            return Optional.empty();
        }
        try {
            var words =
                    Json.mapper().readValue(statement.rest(), new TypeReference<List<Object>>() {});
            if (words.stream().allMatch(String.class::isInstance)) {
                return Optional.of(words.stream().map(String.class::cast).toList());
            }
            return Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty(); // as Docker has it: a line for the shell that begins with [
        }
    }

    private Command command() {
        return json().<Command>map(Command.Exec::new)
                .orElseGet(() -> new Command.Shell(statement.rest(), statement.heredocs()));
    }

    private Instruction run() {
        var mounts = flags.many("mount");
        for (var mount : mounts) {
            if (!mount.contains("$")) {
                RunMount.parse(place, mount);
            }
        }
        var network = flags.one("network").orElse("default");
        if (!Set.of("default", "none", "host").contains(network)) {
            throw place.refuse(
                    "RUN --network=%s is none of default, none, host", Names.quote(network));
        }
        flags.one("security")
                .filter(value -> !value.equals("sandbox"))
                .ifPresent(
                        value -> {
                            throw place.unsupported(
                                    "RUN --security=%s is refused: a build step has no more"
                                            + " rights than any container",
                                    value);
                        });
        flags.refuse("device", "a build step has the devices of any container");
        var command = command();
        if (command instanceof Command.Exec(var words) && words.isEmpty()) {
            throw place.refuse("RUN without a command");
        }
        return new Instruction.Run(place, text, command, mounts, network);
    }

    private Instruction copy(boolean add) {
        var from = add ? "" : flags.one("from").orElse("");
        var chown = flags.one("chown").orElse("");
        var chmod = flags.one("chmod").orElse("");
        var excludes = flags.many("exclude");
        boolean parents = !add && flags.is("parents");
        // Every copy is a layer of its own that needs nothing of those below it but its links.
        flags.is("link");
        flags.refuse("checksum", "only files of the context are added");
        flags.refuse("keep-git-dir", "only files of the context are added");
        flags.refuse("unpack", "archives are always unpacked");
        var words = json().orElseGet(this::words);
        if (words.size() < 2) {
            throw place.refuse("%s takes a source and a destination", statement.keyword());
        }
        var sources = new ArrayList<String>();
        for (var word : words.subList(0, words.size() - 1)) {
            if (statement.heredocs().stream().noneMatch(doc -> doc.word().equals(word))) {
                sources.add(word);
            }
            if (add && word.matches("(?i)(https?|ftp|git)://.*|git@.*")) {
                throw place.unsupported(
                        "ADD %s is not supported: only files of the context are added",
                        Names.quote(word));
            }
        }
        return new Instruction.Copy(
                place,
                text,
                add,
                sources,
                statement.heredocs(),
                words.getLast(),
                from,
                chown,
                chmod,
                excludes,
                parents);
    }

    private List<Instruction.Pair> pairs() {
        var words = words();
        if (words.getFirst().indexOf('=') < 0) {
            if (words.size() < 2) {
                throw place.refuse("%s %s has no value", statement.keyword(), words.getFirst());
            }
            // The old form: one name, and all the rest is its value.
            var value = statement.rest().substring(words.getFirst().length()).strip();
            return List.of(new Instruction.Pair(words.getFirst(), value));
        }
        var pairs = new ArrayList<Instruction.Pair>();
        for (var word : words) {
            int equals = word.indexOf('=');
            if (equals <= 0) {
                throw place.refuse(
                        "%s %s is not NAME=VALUE", statement.keyword(), Names.quote(word));
            }
            pairs.add(new Instruction.Pair(word.substring(0, equals), word.substring(equals + 1)));
        }
        return pairs;
    }

    private List<Instruction.Parameter> parameters() {
        var parameters = new ArrayList<Instruction.Parameter>();
        for (var word : words()) {
            int equals = word.indexOf('=');
            var name = equals < 0 ? word : word.substring(0, equals);
            if (!name.matches("[a-zA-Z_][a-zA-Z0-9_]*")) {
                throw place.refuse("ARG %s is no name of a variable", Names.quote(name));
            }
            parameters.add(
                    new Instruction.Parameter(
                            name,
                            equals < 0
                                    ? Optional.empty()
                                    : Optional.of(word.substring(equals + 1))));
        }
        return parameters;
    }

    private Instruction healthcheck() {
        long interval = span("interval");
        long timeout = span("timeout");
        long startPeriod = span("start-period");
        long startInterval = span("start-interval");
        var asked = flags.one("retries").orElse("0");
        if (!asked.matches("[0-9]{1,6}")) {
            throw place.refuse("HEALTHCHECK --retries=%s is not a number", Names.quote(asked));
        }
        var words = words();
        var kind = words.getFirst().toUpperCase(Locale.ROOT);
        if (kind.equals("NONE")) {
            return new Instruction.Healthcheck(place, text, Optional.empty(), 0, 0, 0, 0, 0);
        }
        var rest = statement.rest().substring(words.getFirst().length()).strip();
        if (!kind.equals("CMD") || rest.isEmpty()) {
            throw place.refuse("HEALTHCHECK takes NONE, or CMD and a command");
        }
        var command =
                new InstructionReader(
                                new Statement(
                                        place,
                                        "CMD",
                                        List.of(),
                                        rest,
                                        List.of(),
                                        statement.escape()))
                        .command();
        return new Instruction.Healthcheck(
                place,
                text,
                Optional.of(command),
                interval,
                timeout,
                startPeriod,
                startInterval,
                Integer.parseInt(asked));
    }

    private long span(String name) {
        var value = flags.one(name);
        if (value.isEmpty()) {
            return 0;
        }
        return GoDuration.nanos(value.get())
                .orElseThrow(
                        () ->
                                place.refuse(
                                        "HEALTHCHECK --%s=%s is not a span of time, as 30s or"
                                                + " 1m30s",
                                        name, Names.quote(value.get())));
    }

    private Instruction onBuild() {
        var keyword = words().getFirst().toUpperCase(Locale.ROOT);
        if (NEVER_TRIGGERED.contains(keyword)) {
            throw place.refuse("ONBUILD %s is not allowed", keyword);
        }
        var trigger = new StringBuilder(statement.rest());
        for (var heredoc : statement.heredocs()) {
            trigger.append('\n').append(heredoc.content()).append(heredoc.name());
        }
        // Read now, so that what is wrong with it is said to whoever wrote it.
        Dockerfile.trigger(place, trigger.toString());
        return new Instruction.OnBuild(place, text, trigger.toString());
    }
}
