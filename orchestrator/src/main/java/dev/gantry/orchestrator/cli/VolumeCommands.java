package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Volume;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.model.ContainerIds;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/** {@code volume}. */
@Command(
        name = "volume",
        mixinStandardHelpOptions = true,
        description = "Volumes: create, ls, inspect, rm, prune.",
        subcommands = {
            VolumeCommands.Create.class,
            VolumeCommands.ListVolumes.class,
            VolumeCommands.Inspect.class,
            VolumeCommands.Remove.class,
            PruneCommands.Volumes.class
        })
final class VolumeCommands implements Callable<Integer>, Above {
    @ParentCommand GantryCommand gantry;

    @Override
    public GantryCommand gantry() {
        return gantry;
    }

    @Override
    public Integer call() {
        throw FaultException.invalid("volume: no command is named; gantry volume --help");
    }

    /** All volumes. */
    static List<Volume> all(Engine engine) {
        return engine.storage(new StorageOperation.Volumes()).volumes();
    }

    /** The containers that there are, those that do not run, too. */
    static List<Summary> containers(Engine engine) {
        return engine.container(new ContainerOperation.ListAll(true, Map.of())).containers();
    }

    /** Short ids of the containers that use a volume. */
    static List<String> users(String volume, List<Summary> containers) {
        return containers.stream()
                .filter(container -> container.volumes().contains(volume))
                .map(container -> LookCommands.shortId(container.id()))
                .toList();
    }

    /** Made for one container, and not by a name. */
    static boolean isAnonymous(Volume volume) {
        return volume.labels().containsKey("gantry.container");
    }

    private static ObjectNode document(Volume volume) {
        var node = Json.mapper().createObjectNode();
        node.put("Name", volume.name());
        node.put("Driver", "local");
        node.put("Mountpoint", volume.path());
        node.put("CreatedAt", Instant.ofEpochSecond(volume.created()).toString());
        node.set("Labels", Json.mapper().valueToTree(volume.labels()));
        node.set("Options", Json.mapper().valueToTree(volume.options()));
        node.put("Scope", "local");
        node.put("Anonymous", isAnonymous(volume));
        return node;
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Make a volume.")
    static final class Create implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Option(names = "--label", paramLabel = "KEY=VALUE", description = "a label")
        List<String> labels = List.of();

        @Option(
                names = {"-d", "--driver"},
                paramLabel = "NAME",
                description = "local, the only one")
        String driver = "local";

        @Option(
                names = {"-o", "--opt"},
                paramLabel = "KEY=VALUE",
                description = "type=none, o=bind and device=PATH make it a directory of the host")
        List<String> options = List.of();

        @Parameters(arity = "0..1", paramLabel = "NAME", description = "its name; else it gets one")
        String name;

        @Override
        public Integer call() {
            if (!driver.equals("local")) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "--driver %s: local is the only driver",
                        Names.quote(driver));
            }
            var volume =
                    parent.gantry
                            .engine()
                            .storage(
                                    new StorageOperation.VolumeCreate(
                                            name == null ? ContainerIds.fresh() : name,
                                            OptionSyntax.pairs("--label", labels, true),
                                            OptionSyntax.pairs("--opt", options, false)));
            parent.gantry.out().println(volume.name());
            parent.gantry.out().flush();
            return 0;
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "List volumes.")
    static final class ListVolumes implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Option(
                names = {"-f", "--filter"},
                paramLabel = "KEY=VALUE",
                description = "by name, label, dangling (no container has it), driver")
        List<String> filters = List.of();

        @Option(
                names = {"-q", "--quiet"},
                description = "names only")
        boolean quiet;

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "json, text with {{.Name}}, or table and such text")
        String format;

        @Override
        public Integer call() {
            var engine = parent.gantry.engine();
            var filter =
                    filters.stream().map(f -> filter(engine, f)).reduce(v -> true, Predicate::and);
            var rows = new Rows("Name", "CreatedSince", "Mountpoint").titled("Name", "VOLUME NAME");
            all(engine).stream()
                    .filter(filter)
                    .forEach(
                            volume ->
                                    rows.add(
                                            document(volume)
                                                    .put(
                                                            "CreatedSince",
                                                            Sizes.ago(volume.created()))));
            rows.print(parent.gantry.out(), quiet ? "{{.Name}}" : format);
            return 0;
        }

        static Predicate<Volume> filter(Engine engine, String text) {
            int equals = text.indexOf('=');
            var value = text.substring(equals + 1);
            return switch (equals < 0 ? "" : text.substring(0, equals)) {
                case "name" -> volume -> volume.name().contains(value);
                case "driver" -> volume -> value.equals("local");
                case "label" -> {
                    var label = ImageFilters.label(value);
                    yield volume -> label.test(volume.labels());
                }
                case "dangling" -> {
                    boolean wanted = ImageFilters.bool("dangling", value);
                    var containers = containers(engine);
                    yield volume -> users(volume.name(), containers).isEmpty() == wanted;
                }
                default ->
                        throw FaultException.invalid(
                                "--filter %s is none of name=, label=, dangling=, driver=",
                                Names.quote(text));
            };
        }
    }

    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            description = "Print everything that is known of volumes.")
    static final class Inspect implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Option(
                names = {"-f", "--format"},
                paramLabel = "FORMAT",
                description = "text with {{.Mountpoint}} or {{json .Labels}}")
        String format;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "names")
        List<String> names;

        @Override
        public Integer call() {
            var engine = parent.gantry.engine();
            var template = format == null ? null : new Template(format);
            var all = all(engine);
            var containers = containers(engine);
            var found = names.stream().map(name -> document(find(all, name))).toList();
            found.forEach(
                    node ->
                            node.set(
                                    "Containers",
                                    Json.mapper()
                                            .valueToTree(
                                                    users(
                                                            node.path("Name").asText(),
                                                            containers))));
            if (template == null) {
                parent.gantry.out().println(Template.json(found, true));
            } else {
                found.forEach(node -> parent.gantry.out().println(template.apply(node)));
            }
            parent.gantry.out().flush();
            return 0;
        }
    }

    private static Volume find(List<Volume> all, String name) {
        return all.stream()
                .filter(volume -> volume.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.NOT_FOUND,
                                        "no such volume: %s",
                                        Names.quote(name)));
    }

    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove volumes.")
    static final class Remove implements Callable<Integer> {
        @ParentCommand VolumeCommands parent;

        @Option(
                names = {"-f", "--force"},
                description = "an absent one is no error")
        boolean force;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "names")
        List<String> names;

        @Override
        public Integer call() {
            var engine = parent.gantry.engine();
            return LifeCommands.each(
                    parent.gantry,
                    names,
                    name -> {
                        if (!force) {
                            find(all(engine), name);
                        }
                        var using = users(name, containers(engine));
                        if (!using.isEmpty()) {
                            throw FaultException.of(
                                    FaultCode.FAILED_PRECONDITION,
                                    "volume %s is used by container %s",
                                    name,
                                    String.join(", ", using));
                        }
                        engine.storage(new StorageOperation.VolumeRemove(name));
                    });
        }
    }
}
