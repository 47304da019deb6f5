package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code import} and {@code image import}: an image of files that are there. */
@Command(
        mixinStandardHelpOptions = true,
        description = "Make an image of a root file system or an OCI image layout.")
final class ImportCommand implements Callable<Integer> {
    @ParentCommand Above above;

    @Option(
            names = {"-c", "--cmd"},
            paramLabel = "WORD",
            description = "a word of the command that its containers run")
    List<String> cmd = List.of();

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "an environment variable of its containers")
    List<String> env = List.of();

    @Parameters(
            index = "0",
            paramLabel = "PATH",
            description = "a root file system (directory, tar) or an OCI image layout directory")
    Path path;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "its name")
    String reference;

    @Override
    public Integer call() {
        var gantry = above.gantry();
        var config =
                cmd.isEmpty() && env.isEmpty()
                        ? Optional.<ImageConfig>empty()
                        : Optional.of(
                                new ImageConfig(
                                        null, env, null, cmd, null, null, null, null, null));
        var imported =
                gantry.engine()
                        .storage(
                                new StorageOperation.Import(
                                        path.normalize().toString(),
                                        Optional.ofNullable(reference),
                                        config));
        imported.notes().forEach(note -> gantry.err().println("gantry: " + note));
        imported.images().forEach(image -> gantry.out().println(image.id()));
        gantry.err().flush();
        gantry.out().flush();
        return 0;
    }
}
