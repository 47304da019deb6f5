package dev.gantry.storage.fuzz;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerUnpacker;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.testing.UnprivilegedKernel;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;

/**
 * Whatever a tar is, unpacking it makes files below its own directory or ends in a fault
 * (security.md rows 20 and 21). {@link dev.gantry.storage.fuzz.CorpusTest} runs what is known;
 * {@code src/test/fuzz/run.sh} looks for more.
 */
public final class LayerFuzz {
    private LayerFuzz() {}

    private static final LayerLimits LIMITS = new LayerLimits(1 << 20, 50, 64 << 10, 200, 16);

    /** One input, as the fuzzer calls it. */
    public static void fuzzerTestOneInput(byte[] tar) throws IOException {
        var place = Files.createTempDirectory(Path.of("/dev/shm"), "gantry-fuzz");
        try {
            Files.writeString(place.resolve("canary"), "alive");
            var root = Files.createDirectory(place.resolve("root"));
            try (var directory = Directory.open(new UnprivilegedKernel(), root)) {
                LayerUnpacker.unpack(
                        new ByteArrayInputStream(tar), directory, LIMITS, path -> Optional.empty());
            } catch (FaultException | IOException expected) {
                // What is no layer is refused.
            }
            checkOutside(place);
        } finally {
            remove(place);
        }
    }

    private static void checkOutside(Path place) throws IOException {
        try (var all = Files.list(place)) {
            if (all.count() != 2
                    || !Files.readString(place.resolve("canary")).equals("alive")
                    || (int) Files.getAttribute(place.resolve("canary"), "unix:nlink") != 1) {
                throw new AssertionError("something was made or changed outside");
            }
        }
    }

    private static void remove(Path place) throws IOException {
        try (var all = Files.walk(place)) {
            for (var path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
