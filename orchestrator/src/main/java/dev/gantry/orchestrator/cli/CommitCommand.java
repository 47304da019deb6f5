package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;

/** {@code commit}: an image of a container's writable layer and what is below it. */
@Command(
        name = "commit",
        mixinStandardHelpOptions = true,
        description = "Make an image of what a container changed.")
final class CommitCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-m", "--message"},
            paramLabel = "TEXT",
            description = "a comment")
    String comment = "";

    @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Parameters(index = "1", paramLabel = "NAME", description = "the image's name")
    String reference;

    @Override
    public Integer call() {
        var id = gantry.engine().containerId(container);
        var image = gantry.engine().storage(new StorageOperation.Commit(id, reference, comment));
        gantry.out().println(image.id());
        gantry.out().flush();
        return 0;
    }
}
