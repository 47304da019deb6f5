package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.orchestrator.build.ConfigChanges;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** {@code commit}: an image of a container's writable layer and what is below it. */
@Command(
        name = "commit",
        mixinStandardHelpOptions = true,
        description = "Make an image of what a container changed.")
final class CommitCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-a", "--author"},
            paramLabel = "TEXT",
            description = "who made it")
    String author = "";

    @Option(
            names = {"-m", "--message"},
            paramLabel = "TEXT",
            description = "a comment")
    String comment = "";

    @Option(
            names = {"-c", "--change"},
            paramLabel = "INSTRUCTION",
            description = "of a Dockerfile, for example 'CMD [\"httpd\", \"-f\"]'")
    List<String> changes = List.of();

    @Option(
            names = {"-p", "--pause"},
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "freeze the container meanwhile, as is done unless --no-pause is given")
    boolean pause;

    @Option(
            names = {"-q", "--quiet"},
            description = "nothing but the id, as it is anyway")
    boolean quiet;

    @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "the image's name")
    String reference;

    @Override
    public Integer call() {
        var engine = gantry.engine();
        var found = engine.container(new ContainerOperation.Inspect(container)).container();
        var id = found.path("Id").asText();
        var config = changes.isEmpty() ? Optional.<ObjectNode>empty() : Optional.of(config(id));
        var commit =
                new StorageOperation.Commit(
                        id, Optional.ofNullable(reference), comment, author, config);
        boolean running = found.path("State").path("Status").asText().equals("running");
        StorageResult.Image image =
                pause && running
                        ? frozen(id, () -> engine.storage(commit))
                        : engine.storage(commit);
        gantry.out().println(image.id());
        gantry.out().flush();
        return 0;
    }

    private ObjectNode config(String id) {
        var engine = gantry.engine();
        var digest = engine.storage(new StorageOperation.Mounts(id)).image().digest();
        var described =
                engine.storage(new StorageOperation.Build<>(new BuildStep.Describe(digest)));
        return ConfigChanges.apply(described.document().path("config"), "--change", changes);
    }

    /** Thawed again also where the command is interrupted. */
    private <T> T frozen(String id, Supplier<T> work) {
        var engine = gantry.engine();
        var thawed = new AtomicBoolean();
        Runnable thaw =
                () -> {
                    if (!thawed.getAndSet(true)) {
                        engine.container(new ContainerOperation.Unpause(id));
                    }
                };
        engine.container(new ContainerOperation.Pause(id));
        Invocation.current().closeAtEnd(thaw::run);
        Invocation.current().onSignal("INT", () -> interrupted(thaw));
        Invocation.current().onSignal("TERM", () -> interrupted(thaw));
        try {
            return work.get();
        } finally {
            thaw.run();
        }
    }

    private static void interrupted(Runnable thaw) {
        thaw.run();
        Invocation.current().exit(INTERRUPTED);
    }
}
