package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Option;

import java.util.Optional;
import java.util.function.Supplier;

/** When {@code run} and {@code create} fetch their image: the flags, and the doing. */
final class PullOptions {
    /** The image that Gantry makes itself of the host's own tools. */
    private static final String HOST_SHELL = "host-shell";

    /** When an image is fetched. */
    enum When {
        ALWAYS,
        MISSING,
        NEVER
    }

    @Option(
            names = "--pull",
            paramLabel = "WHEN",
            description = "fetch the image: always, missing (if it is not here), never")
    When pull = When.MISSING;

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH[/VARIANT]",
            description = "of an image for several, fetch this one")
    String platform;

    /** Asks for a container; an image that is not here is made or fetched first. */
    <R> R withImage(GantryCommand gantry, String image, Supplier<R> ask) {
        if (pull == When.ALWAYS) {
            fetch(gantry, image);
            return ask.get();
        }
        try {
            return ask.get();
        } catch (FaultException e) {
            boolean missing =
                    e.fault().code() == FaultCode.NOT_FOUND
                            && e.getMessage().startsWith("no such image");
            if (!missing) {
                throw e;
            }
            if (image.equals(HOST_SHELL)) {
                gantry.err()
                        .println("gantry: making the image host-shell of this host's own tools");
                gantry.err().flush();
                gantry.engine().storage(new StorageOperation.HostShell(false));
                return ask.get();
            }
            if (pull == When.NEVER || image.startsWith("sha256:")) {
                throw e;
            }
            gantry.err().println("Unable to find image '" + Pulling.familiar(image) + "' locally");
            fetch(gantry, image);
            return ask.get();
        }
    }

    private void fetch(GantryCommand gantry, String image) {
        new Pulling(gantry, gantry.err(), 2, false).pull(image, Optional.ofNullable(platform));
    }
}
