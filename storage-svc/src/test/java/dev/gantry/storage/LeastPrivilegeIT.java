package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.LoopFileSystem;
import dev.gantry.storage.testing.MergedRoot;
import dev.gantry.storage.testing.Shell;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** All that storage-svc does, as its own user with five capabilities and no others. */
@RequiresRoot
class LeastPrivilegeIT {
    private static final String CAPABILITIES = "chown,dac_override,fowner,fsetid,setfcap";
    @TempDir Path temp;

    /** Runs in the process with few rights. */
    static final class Scenario {
        private Scenario() {}

        /** Arguments: the state directory and an archive. */
        public static void main(String[] arguments) throws IOException {
            var kernel = new LinuxStorageKernel();
            var root = Path.of(arguments[0]);
            try (var storage =
                    Storage.open(kernel, root, LayerLimits.DEFAULT, (what, id, facts) -> {})) {
                storage.hostShell(false);
                storage.prepare("shell", "host-shell", false);
                var images =
                        storage.imported(arguments[1], Optional.of("image"), Optional.empty(), "");
                System.out.println("notes " + images.notes());
                storage.prepare("container", "image", false);
                storage.prepare("gone", "image", false);
                storage.snapshotter().remove("gone");
                storage.volumes().create("volume", Map.of());
                System.out.println("changes " + storage.snapshotter().diff("container").changes());
                storage.commit(new StorageOperation.Commit("container", "committed", ""));
            }
        }
    }

    @Test
    void itNeedsNoMoreThanItsFiveCapabilities() throws Exception {
        var capability =
                new byte[] {
                    1, 0, 0, 2, (byte) 0x80, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
                };
        var tar =
                new TarBytes()
                        .owner(1000)
                        .mode(06755)
                        .file("suid", "x")
                        .plain()
                        .xattr("security.capability", capability)
                        .file("capable", "x")
                        .plain()
                        .file(".wh.hidden", "")
                        .file("opaque/.wh..wh..opq", "")
                        .mode(0)
                        .owner(1000)
                        .file("closed/file", "x")
                        .directory("closed")
                        .plain()
                        .node("dev/null", TarEntry.Type.CHARACTER)
                        .end();
        var state = Files.createDirectory(temp.resolve("state"));

        var output = carriedOut(state, tar);

        assertThat(output)
                .contains("notes [device node /dev/null was left out]", "changes []")
                .doesNotContain("Exception");
        try (var storage =
                Storage.open(
                        new LinuxStorageKernel(),
                        state,
                        LayerLimits.DEFAULT,
                        (what, id, facts) -> {})) {
            var rootfs = storage.snapshotter().mounts("container").rootfs();
            var listing =
                    MergedRoot.run(
                            rootfs,
                            "cd $root; stat -c '%n %a %u %g' . suid closed closed/file; getcap"
                                    + " capable || true; [ ! -e hidden ] && echo hidden");
            assertThat(listing)
                    .contains(". 755 0 0", "suid 6755 1000 1000", "closed 0 1000 1000", "hidden");
            assertThat(Shell.run("stat", "-c", "%a %u", state.resolve("layers").toString()))
                    .isEqualTo("700 64215\n");
        }
    }

    /** Making, snapshotting and removing subvolumes needs none. */
    @ParameterizedTest
    @ValueSource(strings = {"btrfs", "native"})
    void otherDriversNeedNoMoreEither(String driver) throws Exception {
        try (var disk = LoopFileSystem.mount("btrfs", "mkfs.btrfs", "-q")) {
            disk.open();
            var state = Files.createDirectory(disk.fresh().resolve("state"));
            Files.writeString(state.resolve("driver"), driver);
            var tar = new TarBytes().owner(1000).mode(0).file("closed/file", "x").end();

            var output = carriedOut(state, tar);

            assertThat(output).contains("changes []").doesNotContain("Exception");
            assertThat(state.resolve("snapshots/container/root/closed/file")).hasContent("x");
        }
    }

    /** What the scenario prints, as the service's own user with its five capabilities. */
    private String carriedOut(Path state, byte[] tar) throws Exception {
        var archive = Files.write(temp.resolve("image.tar"), tar);
        Shell.run("chown", "-R", "64215:64215", state.toString());
        Shell.run("chmod", "0711", temp.toString());
        var inheritable = "+" + CAPABILITIES.replace(",", ",+");
        return Shell.run(
                "setpriv",
                "--reuid=64215",
                "--regid=64215",
                "--clear-groups",
                "--inh-caps=-all," + inheritable,
                "--ambient-caps=-all," + inheritable,
                "--bounding-set=-all," + inheritable,
                "--no-new-privs",
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Scenario.class.getName(),
                state.toString(),
                archive.toString());
    }
}
