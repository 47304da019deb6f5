package dev.gantry.orchestrator.build.dockerfile;

import dev.gantry.bus.fault.FaultException;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Whatever a Dockerfile is, it is read, or refused with file and line. {@link DockerfileCorpusTest}
 * runs what is known; {@code storage-svc/src/test/fuzz/run.sh} looks for more.
 */
public final class DockerfileFuzz {
    private DockerfileFuzz() {}

    /** One input, as the fuzzer calls it. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        var text = new String(bytes, StandardCharsets.UTF_8);
        try {
            Dockerfile.parse("Dockerfile", text);
        } catch (FaultException e) {
            named(e);
        }
        try {
            var place = new Place("Dockerfile", 1);
            Expansion.word(place, '\\', name -> Optional.of(name), text);
        } catch (FaultException e) {
            named(e);
        }
    }

    private static void named(FaultException e) {
        if (!e.getMessage().contains("Dockerfile:")) {
            throw new AssertionError("no line is named: " + e.getMessage());
        }
    }
}
