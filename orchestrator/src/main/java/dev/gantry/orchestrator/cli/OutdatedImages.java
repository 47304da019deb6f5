package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code image outdated} and {@code image update}: newer images behind the names that are used. */
final class OutdatedImages {
    private static final String LABEL = "gantry.update";

    /**
     * A name and what has happened behind it.
     *
     * @param image what it means here
     * @param newer digest of what its registry has, if that was asked and is another
     * @param behind containers that were made from an older image of the name
     * @param problem why the registry could not be asked
     */
    private record State(
            String name,
            Image image,
            Optional<String> newer,
            List<Summary> behind,
            Optional<String> problem) {
        boolean isOutdated() {
            return newer.isPresent() || !behind.isEmpty();
        }
    }

    private OutdatedImages() {}

    /** The state of the names that are asked for, or of all. */
    private static List<State> states(Engine engine, List<String> asked, boolean remote) {
        var images = new LinkedHashMap<String, Image>();
        if (asked.isEmpty()) {
            engine.storage(new StorageOperation.Images())
                    .images()
                    .forEach(image -> image.references().forEach(name -> images.put(name, image)));
        }
        for (var name : asked) {
            var image = engine.storage(new StorageOperation.Inspect(name));
            images.put(Pulling.familiar(name), image);
        }
        var containers = VolumeCommands.containers(engine);
        var states = new ArrayList<State>();
        images.forEach((name, image) -> states.add(state(engine, name, image, containers, remote)));
        return states;
    }

    private static State state(
            Engine engine, String name, Image image, List<Summary> containers, boolean remote) {
        var behind =
                containers.stream()
                        .filter(c -> Pulling.familiar(c.image()).equals(name))
                        .filter(c -> !c.imageId().isEmpty() && !c.imageId().equals(image.id()))
                        .toList();
        if (!remote || name.contains("@")) {
            return new State(name, image, Optional.empty(), behind, Optional.empty());
        }
        try {
            var resolve =
                    new TransferOperation.Resolve(
                            name,
                            Optional.of(image.os() + "/" + image.architecture()),
                            Logins.ofCaller().of(name));
            var found = engine.ask(StorageOperation.CONTRACT, resolve, Duration.ofSeconds(60));
            var newer =
                    Optional.of(found.digest()).filter(digest -> !digest.equals(image.digest()));
            return new State(name, image, newer, behind, Optional.empty());
        } catch (FaultException e) {
            return new State(name, image, Optional.empty(), behind, Optional.of(e.getMessage()));
        }
    }

    private static void problems(GantryCommand gantry, List<State> states) {
        for (var state : states) {
            state.problem()
                    .ifPresent(why -> gantry.err().println("gantry: " + state.name() + ": " + why));
        }
        gantry.err().flush();
    }

    @Command(
            mixinStandardHelpOptions = true,
            description =
                    "List names with a newer image behind them, and containers on older ones.")
    static final class Outdated implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(names = "--remote", description = "ask the registries, too")
        boolean remote;

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "json, text with {{.Name}} {{.Containers}}, or table and such text")
        String format;

        @Parameters(arity = "0..*", paramLabel = "NAME", description = "only these names")
        List<String> names = List.of();

        @Override
        public Integer call() {
            var gantry = above.gantry();
            var states = states(gantry.engine(), names, remote);
            var rows = new Rows("Name", "ID", "Newer", "Containers").titled("Name", "IMAGE");
            rows.titled("ID", "IMAGE ID").titled("Newer", "IN ITS REGISTRY");
            for (var state : states) {
                if (state.isOutdated()) {
                    rows.add(
                            Json.mapper()
                                    .createObjectNode()
                                    .put("Name", state.name())
                                    .put("ID", LookCommands.shortId(state.image().id()))
                                    .put("Digest", state.image().digest())
                                    .put("Newer", state.newer().orElse("-"))
                                    .put(
                                            "Containers",
                                            String.join(
                                                    ", ",
                                                    state.behind().stream()
                                                            .map(Summary::name)
                                                            .toList())));
                }
            }
            rows.print(gantry.out(), format);
            problems(gantry, states);
            return states.stream().allMatch(state -> state.problem().isEmpty()) ? 0 : 1;
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description =
                    "Fetch newer images, and make containers that stand on older ones anew: those"
                            + " with the label gantry.update=recreate, or all.")
    static final class Update implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(names = "--remote", description = "fetch what the registries have newer")
        boolean remote;

        @Option(names = "--recreate", description = "make containers without the label anew, too")
        boolean recreate;

        @Option(
                names = {"-t", "--time"},
                paramLabel = "SECONDS",
                description = "until a container that is to stop is killed, 10 unless told")
        int seconds = 10;

        @Parameters(arity = "0..*", paramLabel = "NAME", description = "only these names")
        List<String> names = List.of();

        @Override
        public Integer call() {
            var gantry = above.gantry();
            var engine = gantry.engine();
            var states = states(engine, names, remote);
            boolean failed = states.stream().anyMatch(state -> state.problem().isPresent());
            problems(gantry, states);
            for (var state : states) {
                if (state.newer().isPresent()) {
                    new Pulling(gantry, gantry.out(), 1, false)
                            .pull(state.name(), Optional.empty());
                }
            }
            var now = remote ? states(engine, names, false) : states;
            for (var state : now) {
                for (var container : state.behind()) {
                    failed |= !update(gantry, container, state.image());
                }
            }
            gantry.out().flush();
            return failed ? 1 : 0;
        }

        private boolean update(GantryCommand gantry, Summary container, Image image) {
            boolean wanted = recreate || "recreate".equals(container.labels().get(LABEL));
            if (!wanted) {
                gantry.out()
                        .println(
                                container.name()
                                        + ": stands on an older image of "
                                        + container.image()
                                        + "; --recreate makes it anew");
                return true;
            }
            try {
                var made =
                        gantry.engine()
                                .ask(
                                        ContainerOperation.CONTRACT,
                                        new ContainerOperation.Recreate(
                                                container.id(), seconds * 1000L),
                                        Engine.PATIENCE.plusSeconds(seconds));
                gantry.out()
                        .println(
                                container.name()
                                        + ": made anew as "
                                        + LookCommands.shortId(made.id())
                                        + " over "
                                        + LookCommands.shortId(image.id()));
                return true;
            } catch (FaultException e) {
                gantry.out().flush();
                gantry.err().println("gantry: " + container.name() + ": " + e.getMessage());
                gantry.err().flush();
                return false;
            }
        }
    }
}
