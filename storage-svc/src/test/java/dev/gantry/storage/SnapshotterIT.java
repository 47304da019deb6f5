package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.LoopFileSystem;
import dev.gantry.storage.testing.MergedRoot;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Each driver passes the one kit, on the file systems it is for. */
class SnapshotterIT {
    @Nested
    @RequiresRoot
    class Overlay extends SnapshotterKit {
        @Override
        String driver() {
            return "overlay";
        }

        @Override
        Path place() throws IOException {
            return Files.createDirectory(temp.resolve("place"));
        }

        /** What overlayfs takes, and what an image may have. */
        @Test
        void fiveHundredLayersAreMounted() throws Exception {
            var layout = new OciLayout(temp.resolve("many"));
            for (int i = 0; i < 500; i++) {
                layout.layer(new TarBytes().file("f" + i, "x").file("last", "" + i).end());
            }
            storage.imported(
                    layout.write("tag").toString(), Optional.of("many"), Optional.empty(), "");

            var prepared = storage.prepare("many", "many", false);

            assertThat(prepared.rootfs().lowerdirs()).hasSize(500);
            assertThat(Path.of(prepared.rootfs().lowerdirs().getFirst(), "last")).hasContent("499");
            assertThat(MergedRoot.run(prepared.rootfs(), "cd $root; ls | wc -l; cat last"))
                    .isEqualTo("501\n499");
        }
    }

    @Nested
    @RequiresRoot
    class Native extends SnapshotterKit {
        @Override
        String driver() {
            return "native";
        }

        @Override
        Path place() throws IOException {
            return Files.createDirectory(temp.resolve("place"));
        }
    }

    @Nested
    @RequiresRoot
    class Btrfs extends SnapshotterKit {
        private static LoopFileSystem disk;

        @BeforeAll
        static void mount() throws Exception {
            disk = LoopFileSystem.mount("btrfs", "mkfs.btrfs", "-q");
        }

        @AfterAll
        static void unmount() throws Exception {
            disk.close();
        }

        @Override
        String driver() {
            return "btrfs";
        }

        @Override
        Path place() throws Exception {
            return disk.fresh();
        }

        @Test
        void aRootSharesItsBlocksWithTheImage() throws Exception {
            var big = temp.resolve("big");
            Files.createDirectory(big);
            Files.write(big.resolve("file"), new byte[20 << 20]);
            storage.imported(big.toString(), Optional.of("big"), Optional.empty(), "");
            storage.prepare("first", "big", false);
            long before = disk.used();

            for (int i = 0; i < 5; i++) {
                storage.prepare("next" + i, "big", false);
            }

            assertThat(disk.used() - before).isLessThan(20 << 20);
        }
    }

    @Nested
    @RequiresRoot
    class Choosing {
        @TempDir Path temp;

        private Storage open(String driver) throws IOException {
            var state = Files.createDirectories(temp.resolve("state"));
            Files.writeString(state.resolve("driver"), driver);
            return Storage.open(
                    new LinuxStorageKernel(), state, LayerLimits.DEFAULT, (what, id, facts) -> {});
        }

        @Test
        void whatIsNoDriverOrCannotWorkHereIsRefused() {
            assertThatThrownBy(() -> open("zfs"))
                    .hasMessageContaining("none of auto, overlay, native, btrfs");
            assertThatThrownBy(() -> open("btrfs"))
                    .hasMessageContaining("no subvolume can be made on");
        }

        @Test
        void whereOverlayCannotWriteRootsAreCopied() throws Exception {
            try (var disk = LoopFileSystem.overlay();
                    var storage =
                            Storage.open(
                                    new LinuxStorageKernel(),
                                    disk.fresh().resolve("state"),
                                    LayerLimits.DEFAULT,
                                    (what, id, facts) -> {})) {
                assertThat(storage.probe().driver()).isEqualTo("native");
                assertThat(storage.probe().reason()).contains("does not stack on itself");
            }
        }
    }
}
