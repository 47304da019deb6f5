package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.LoopFileSystem;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.Shell;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * The service, or the machine, ends while it imports, removes and prepares: whatever was
 * acknowledged is there afterwards, whole, and nothing else is.
 */
@RequiresRoot
class CrashIT {
    private static final int KILLS = 10;
    private static final int POWER_LOSSES = 6;
    private static final int LAYOUTS = 3;

    /** Within this time after the first acknowledgement the end comes. */
    private static final int MOST_MILLIS = 700;

    @TempDir Path temp;
    private final Random random = new Random(7);

    /**
     * The process that ends: imports without end, and says what is about to happen and what has.
     */
    static final class Importer {
        private Importer() {}

        /** Arguments: the store, a directory of layouts, what the names begin with. */
        public static void main(String[] arguments) {
            try (var storage = openStore(Path.of(arguments[0]))) {
                for (int i = 0; ; i++) {
                    var layout = arguments[1] + "/" + i % LAYOUTS;
                    var name = arguments[2] + i;
                    storage.imported(layout, Optional.of(name), Optional.empty(), "");
                    System.out.println("has " + name);
                    storage.prepare(name, name, false);
                    storage.volumes().create(name, Map.of());
                    storage.snapshotter().remove(name);
                    if (i % 4 == 3) {
                        System.out.println("removes " + name);
                        storage.remove(name, false);
                    }
                }
            }
        }
    }

    private static Storage openStore(Path state) {
        return Storage.open(
                new LinuxStorageKernel(), state, LayerLimits.DEFAULT, (what, id, facts) -> {});
    }

    @BeforeEach
    void writeLayouts() throws IOException {
        for (int layout = 0; layout < LAYOUTS; layout++) {
            var lower = new TarBytes();
            var upper = new TarBytes().file(".wh.f1", "");
            for (int file = 0; file < 300; file++) {
                lower.file("f" + file, ("layout " + layout + " ").repeat(file));
                upper.file("d" + file % 20 + "/f" + file, "upper " + layout);
            }
            new OciLayout(temp.resolve("layouts/" + layout))
                    .gzipLayer(lower.end())
                    .zstdLayer(upper.end())
                    .write("tag");
        }
    }

    /** Runs the importer until it is ended at a moment of its choice; what it had acknowledged. */
    private Set<String> runUntil(Path state, String prefix, Ending ending) throws Exception {
        var process =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-XX:TieredStopAtLevel=1",
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Importer.class.getName(),
                                state.toString(),
                                temp.resolve("layouts").toString(),
                                prefix)
                        .redirectError(temp.resolve("errors").toFile())
                        .start();
        var acknowledged = new HashSet<String>();
        try (var lines =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            var first = lines.readLine();
            assertThat(first).as(Files.readString(temp.resolve("errors"))).startsWith("has ");
            note(first, acknowledged);
            // At any moment: that it comes, not when, is what is waited for.
            process.waitFor(random.nextInt(MOST_MILLIS), TimeUnit.MILLISECONDS);
            ending.come();
            process.toHandle()
                    .destroyForcibly(); // Not by the process, which would close its output.
            process.waitFor();
            lines.lines().forEach(line -> note(line, acknowledged));
        }
        return acknowledged;
    }

    /** How it ends. */
    private interface Ending {
        void come() throws Exception;
    }

    private static void note(String line, Set<String> acknowledged) {
        var words = line.split(" ");
        if (words[0].equals("has")) {
            acknowledged.add(words[1] + ":latest");
        } else {
            acknowledged.remove(words[1] + ":latest");
        }
    }

    private void assertWhole(Path state, Set<String> acknowledged) {
        try (var storage = openStore(state)) {
            var names =
                    storage.images().list().images().stream()
                            .map(Image::references)
                            .flatMap(List::stream)
                            .collect(Collectors.toSet());
            assertThat(names).containsAll(acknowledged);
            assertThat(storage.check(false, Optional.of(List.of())).findings()).isEmpty();
            assertThat(state.resolve("tmp")).isEmptyDirectory();
            assertThat(state.resolve("unpacking")).isEmptyDirectory();
            for (var name : names) {
                var prepared = storage.prepare("check", name, false);
                assertThat(prepared.rootfs().lowerdirs()).hasSize(2);
                storage.snapshotter().remove("check");
            }
        }
    }

    @Test
    void killedAtAnyMomentItLosesNothingThatItAcknowledged() throws Exception {
        var state = temp.resolve("state");
        var all = new HashSet<String>();
        for (int round = 0; round < KILLS; round++) {
            all.addAll(runUntil(state, "r" + round + "-", () -> {}));

            assertWhole(state, all);
        }
        assertThat(all).hasSizeGreaterThanOrEqualTo(KILLS / 2);
    }

    /** The file system is shut down as by a loss of power: what is in memory alone is gone. */
    @Test
    void whereThePowerFailsNothingIsLostThatItAcknowledged() throws Exception {
        try (var disk = LoopFileSystem.mount("ext4", "mkfs.ext4", "-q")) {
            var state = disk.fresh().resolve("state");
            var all = new HashSet<String>();
            for (int round = 0; round < POWER_LOSSES; round++) {
                all.addAll(runUntil(state, "p" + round + "-", disk::losePower));
                disk.mountAgain();
                // The kernel is the same, but the store must not take it for that.
                var mark = state.resolve("running");
                if (Files.exists(mark)) {
                    Files.writeString(mark, "another-boot 1 1");
                }

                assertWhole(state, all);
            }
            assertThat(all).isNotEmpty();
            assertThat(Shell.run("lsattr", "-d", state.resolve("unpacking").toString()))
                    .as("layers are made where ext4 places them apart")
                    .matches("(?s)\\S*T\\S* .*");
        }
    }
}
