package dev.gantry.orchestrator.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code pull} and {@code image pull}. */
@Command(mixinStandardHelpOptions = true, description = "Fetch an image from its registry.")
final class PullCommand implements Callable<Integer> {
    @ParentCommand Above above;

    @Option(
            names = {"-q", "--quiet"},
            description = "print the image's name only")
    boolean quiet;

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH[/VARIANT]",
            description = "of an image for several, this one rather than this host's")
    String platform;

    @Parameters(
            paramLabel = "IMAGE",
            description = "[REGISTRY/]NAME[:TAG|@DIGEST]; without a registry, docker.io")
    String image;

    @Override
    public Integer call() {
        var gantry = above.gantry();
        new Pulling(gantry, gantry.out(), 1, quiet).pull(image, Optional.ofNullable(platform));
        gantry.out().flush();
        return 0;
    }
}
