package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Change;
import dev.gantry.bus.contract.storage.StorageResult.Kind;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.hostshell.HostShellTree;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.MergedRoot;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.Shell;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The store against the kernel: what overlayfs makes of what it describes. */
@RequiresRoot
class StorageIT {
    @TempDir Path temp;
    private Storage storage;

    @BeforeEach
    void open() {
        storage = openStore();
    }

    @AfterEach
    void close() {
        storage.close();
    }

    private Storage openStore() {
        return Storage.open(
                new LinuxStorageKernel(),
                temp.resolve("state"),
                LayerLimits.DEFAULT,
                (what, id, facts) -> {});
    }

    private void importTar(String reference, byte[] tar) throws IOException {
        var file = Files.write(temp.resolve("import.tar"), tar);
        storage.imported(file.toString(), Optional.of(reference), Optional.empty(), "");
    }

    @Test
    void hostShellRunsWhatTheFirstCommandRuns() throws Exception {
        storage.hostShell(false);
        var prepared = storage.prepare("shell", "host-shell", false);

        var output =
                MergedRoot.run(
                        prepared.rootfs(),
                        "mount -t proc proc $root/proc; chroot $root sh -c 'hostname; id; ps; ip"
                                + " addr; cat /proc/self/status | grep -i seccomp; ls -ld /tmp'");

        assertThat(output)
                .contains("uid=0", "PID", "lo:", "Seccomp:", "drwxrwxrwt")
                .doesNotContain("not found");
    }

    @Test
    void withoutBusyboxTheHostsOwnProgramsRunWithTheirLibraries() throws Exception {
        var tree = HostShellTree.ofPrograms();
        var tar = new ByteArrayOutputStream();
        tree.writeTo(tar);
        var again = new ByteArrayOutputStream();
        HostShellTree.ofPrograms().writeTo(again);
        importTar("programs", tar.toByteArray());
        var prepared = storage.prepare("programs", "programs", false);

        var output =
                MergedRoot.run(
                        prepared.rootfs(),
                        "mount -t proc proc $root/proc; chroot $root /bin/sh -c 'PATH=/bin;"
                                + " hostname; id; ps; ip addr; grep -i seccomp"
                                + " /proc/self/status'");

        assertThat(again.toByteArray()).isEqualTo(tar.toByteArray());
        assertThat(output)
                .contains("uid=0(root)", "PID", "lo:", "Seccomp:")
                .doesNotContain("not found");
    }

    @Test
    void twoLayersMergeAsTheirWhiteoutsSay() throws Exception {
        var layout =
                new OciLayout(temp.resolve("layout"))
                        .layer(
                                new TarBytes()
                                        .file("kept", "kept")
                                        .file("gone", "gone")
                                        .file("opaque/old", "old")
                                        .file("merged/low", "low")
                                        .end())
                        .gzipLayer(
                                new TarBytes()
                                        .file(".wh.gone", "")
                                        .directory("opaque")
                                        .file("opaque/.wh..wh..opq", "")
                                        .file("opaque/new", "new")
                                        .file("merged/high", "high")
                                        .end())
                        .zstdLayer(new TarBytes().file("top", "top").end());
        storage.imported(
                layout.write("tag").toString(), Optional.of("merge"), Optional.empty(), "");
        var prepared = storage.prepare("merge", "merge", false);

        var output = MergedRoot.run(prepared.rootfs(), "cd $root; find . -type f | sort");

        assertThat(output.lines())
                .containsExactly(
                        "./kept", "./merged/high", "./merged/low", "./opaque/new", "./top");
    }

    @Test
    void changesThroughOverlayfsAreListedAndCommitted() throws Exception {
        importTar(
                "base",
                new TarBytes()
                        .file("file", "x")
                        .file("dir/a", "a")
                        .file("dir/b", "b")
                        .file("full/c", "c")
                        .end());
        var prepared = storage.prepare("work", "base", false);
        MergedRoot.run(
                prepared.rootfs(),
                "cd $root; rm file; rm -r dir; mkdir dir; echo n > dir/new; echo d > full/d;"
                        + " chmod 4755 full/c; ln full/d full/e; mkfifo pipe");

        var changes = storage.snapshotter().diff("work").changes();
        storage.commit(new StorageOperation.Commit("work", "committed", ""));
        var over = storage.prepare("over", "committed", false);
        var list = "cd $root; find . -printf '%p %y %m %n\\n' | sort; cat full/d full/e";

        assertThat(changes)
                .containsExactly(
                        new Change(Kind.CHANGED, "/dir"),
                        new Change(Kind.DELETED, "/dir/a"),
                        new Change(Kind.DELETED, "/dir/b"),
                        new Change(Kind.ADDED, "/dir/new"),
                        new Change(Kind.DELETED, "/file"),
                        new Change(Kind.CHANGED, "/full"),
                        new Change(Kind.CHANGED, "/full/c"),
                        new Change(Kind.ADDED, "/full/d"),
                        new Change(Kind.ADDED, "/full/e"),
                        new Change(Kind.ADDED, "/pipe"));
        assertThat(MergedRoot.run(over.rootfs(), list))
                .isEqualTo(MergedRoot.run(prepared.rootfs(), list))
                .contains("./full/c f 4755");
    }

    @Test
    void aStoreThatIsOpenedAgainKnowsAllAndKeepsNoLeftovers() throws Exception {
        importTar("again", new TarBytes().file("x", "x").end());
        storage.prepare("again", "again", false);
        var image = storage.images().inspect("again");
        var state = temp.resolve("state");
        Files.createDirectories(state.resolve("tmp/snapshot.1/upper/x"));
        Files.createDirectories(state.resolve("unpacking/layer.1/fs/x"));
        Files.createDirectories(state.resolve("layers/" + "0".repeat(64) + "/fs"));
        Files.writeString(state.resolve("blobs/sha256/" + "0".repeat(64)), "orphan");
        storage.close();

        storage = openStore();

        assertThat(storage.images().inspect("again")).isEqualTo(image);
        assertThat(storage.snapshotter().mounts("again").rootfs().lowerdirs()).hasSize(1);
        assertThat(state.resolve("tmp")).isEmptyDirectory();
        assertThat(state.resolve("unpacking")).isEmptyDirectory();
        assertThat(state.resolve("layers/" + "0".repeat(64))).doesNotExist();
        assertThat(state.resolve("blobs/sha256/" + "0".repeat(64))).doesNotExist();
    }

    @Test
    void aLayerThatWasLostIsUnpackedAgain() throws Exception {
        importTar("lost", new TarBytes().file("x", "x").end());
        var lower = storage.prepare("lost", "lost", false).rootfs().lowerdirs().getFirst();
        storage.close();
        Shell.run("rm", "-rf", Path.of(lower).getParent().toString());

        storage = openStore();

        assertThat(Path.of(lower, "x")).hasContent("x");
    }

    @Test
    void anAlteredOrMislabelledLayoutIsRefusedAndNothingIsNamed() throws Exception {
        var tar = new TarBytes().file("x", "x").end();
        var wrongDiffId =
                new OciLayout(temp.resolve("a")).layer(tar).diffId("sha256:" + "0".repeat(64));
        var altered = new OciLayout(temp.resolve("b")).layer(tar).alteredBlob();
        var both = new OciLayout(temp.resolve("c")).layer(tar).manifestsToo();
        var escape = new OciLayout(temp.resolve("d")).layer(tar).configDigest("sha256:../../x");

        for (var layout : new OciLayout[] {wrongDiffId, altered, both, escape}) {
            var path = layout.write("tag").toString();
            assertThatThrownBy(
                            () ->
                                    storage.imported(
                                            path, Optional.of("hostile"), Optional.empty(), ""))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e ->
                                    assertThat(e.fault().code())
                                            .isEqualTo(FaultCode.INVALID_ARGUMENT));
        }

        assertThat(storage.images().list().images()).isEmpty();
        assertThat(temp.resolve("state/blobs/sha256")).isEmptyDirectory();
        assertThat(temp.resolve("state/layers")).isEmptyDirectory();
    }

    @Test
    void usersFilesOfAnyKindButAPlainOneAreRefused() throws Exception {
        importTar("fifo", new TarBytes().node("etc/passwd", fifo()).end());
        importTar("zero", new TarBytes().symlink("etc/passwd", "/dev/zero").end());
        importTar("loop", new TarBytes().symlink("etc/passwd", "passwd").end());
        importTar("huge", new TarBytes().file("etc/passwd", "x".repeat((1 << 20) + 1)).end());
        importTar("host", new TarBytes().symlink("etc/passwd", "../../../../etc/shadow").end());
        importTar("link", new TarBytes().file("x", "root:x:0:0").symlink("etc/passwd", "/x").end());

        for (var name : new String[] {"fifo", "loop", "huge"}) {
            assertThatThrownBy(() -> storage.prepare(name, name, false))
                    .isInstanceOf(FaultException.class);
        }
        assertThat(storage.prepare("zero", "zero", false).passwd()).isEmpty();
        assertThat(storage.prepare("host", "host", false).passwd()).isEmpty();
        assertThat(storage.prepare("link", "link", false).passwd()).isEqualTo("root:x:0:0");
    }

    private static TarEntry.Type fifo() {
        return TarEntry.Type.FIFO;
    }

    @Test
    void aNastyTreeIsRemoved() throws Exception {
        importTar("nasty", new TarBytes().file("x", "x").end());
        var upper = Path.of(storage.prepare("nasty", "nasty", false).rootfs().upperdir());
        Shell.run(
                "sh",
                "-c",
                "d="
                        + upper
                        + "/$(printf 'd/%.0s' $(seq 600)); mkdir -p $d; cd $d; touch x;"
                        + " ln -s /etc/passwd l; mkfifo p; chmod 0 .");
        var canary = Files.writeString(temp.resolve("canary"), "alive");
        Files.createSymbolicLink(upper.resolve("out"), temp);

        storage.snapshotter().remove("nasty");

        assertThat(upper).doesNotExist();
        var trash = temp.resolve("state/trash");
        var deadline = System.nanoTime() + 60_000_000_000L;
        while (System.nanoTime() < deadline && !isEmpty(trash)) {
            Thread.onSpinWait();
        }
        assertThat(trash).isEmptyDirectory();
        assertThat(canary).hasContent("alive");
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (var all = Files.list(directory)) {
            return all.findAny().isEmpty();
        }
    }

    @Test
    void thePlannedCommandsMakeTheSameSnapshot() throws Exception {
        importTar("plan", new TarBytes().owner(7).mode(0711).directory(".").end());
        var planned = storage.prepare("plan", "plan", true);
        for (var step : planned.steps()) {
            Shell.run("sh", "-c", step.shell());
        }
        var typed = storage.snapshotter().mounts("plan");

        assertThat(typed.rootfs()).isEqualTo(planned.rootfs());
        assertThat(Files.getAttribute(Path.of(typed.rootfs().upperdir()), "unix:uid")).isEqualTo(7);
        storage.snapshotter().remove("plan");
        var made = storage.prepare("plan", "plan", false);
        assertThat((int) Files.getAttribute(Path.of(made.rootfs().upperdir()), "unix:mode") & 07777)
                .isEqualTo(0711);
    }

    @Test
    void aVolumeGetsWhatTheLayersShowTogether() throws Exception {
        var layout =
                new OciLayout(temp.resolve("layout"))
                        .layer(
                                new TarBytes()
                                        .owner(33)
                                        .mode(0750)
                                        .directory("real")
                                        .mode(04711)
                                        .file("real/tool", "x")
                                        .hardlink("real/again", "real/tool")
                                        .plain()
                                        .symlink("data", "../../../real")
                                        .file("real/gone", "gone")
                                        .file("real/sub/old", "old")
                                        .symlink("real/out", "/etc/passwd")
                                        .node("real/pipe", fifo())
                                        .end())
                        .layer(
                                new TarBytes()
                                        .file("real/.wh.gone", "")
                                        .directory("real/sub")
                                        .file("real/sub/.wh..wh..opq", "")
                                        .file("real/sub/new", "new")
                                        .owner(33)
                                        .mode(0750)
                                        .directory("real")
                                        .end());
        storage.imported(layout.write("tag").toString(), Optional.of("fill"), Optional.empty(), "");
        var prepared = storage.prepare("fill", "fill", false);
        var volume = Path.of(storage.volumes().create("filled", Map.of()).path());

        storage.fillVolume("filled", "fill", "/data");

        var list =
                "find . -type d -printf '%p %y %m %U %T@\\n' | sort;"
                        + " find . ! -type d -printf '%p %y %m %U %n %l %T@\\n' | sort;"
                        + " cat sub/new tool";
        assertThat(Shell.run("sh", "-c", "cd " + volume + "; " + list))
                .isEqualTo(MergedRoot.run(prepared.rootfs(), "cd $root/real; " + list))
                .contains("./tool f 4711 33 2", ". d 750 33", "./sub/new")
                .doesNotContain("gone", "old");
        assertThat(volume.resolveSibling("new")).doesNotExist();
        assertThat(temp.resolve("state/tmp")).isEmptyDirectory();
    }

    @Test
    void aVolumeIsNotFilledFromOutsideTheImageNorOverWhatItHas() throws Exception {
        importTar(
                "odd",
                new TarBytes()
                        .symlink("up", "../../../../../../" + temp)
                        .file("file", "x")
                        .symlink("self", "self")
                        .file("d/x", "image")
                        .end());
        storage.prepare("odd", "odd", false);
        var volume = Path.of(storage.volumes().create("odd", Map.of()).path());

        storage.fillVolume("odd", "odd", "/up");
        storage.fillVolume("odd", "odd", "/file");
        assertThatThrownBy(() -> storage.fillVolume("odd", "odd", "/self"))
                .hasMessageContaining("too many symbolic links");
        assertThat(volume).isEmptyDirectory();
        Files.writeString(volume.resolve("x"), "mine");
        storage.fillVolume("odd", "odd", "/d");

        assertThat(volume.resolve("x")).hasContent("mine");
    }

    @Test
    void aFillThatACrashCutIsGoneOnWith() throws Exception {
        var volume = Path.of(storage.volumes().create("cut", Map.of()).path());
        var complete = Files.createDirectories(volume.resolveSibling("new"));
        Files.writeString(volume.resolve("moved"), "moved");
        Files.writeString(complete.resolve("left"), "left");
        Shell.run("chown", "33:34", complete.toString());
        storage.close();

        storage = openStore();

        assertThat(volume.resolve("moved")).hasContent("moved");
        assertThat(volume.resolve("left")).hasContent("left");
        assertThat(Files.getAttribute(volume, "unix:uid")).isEqualTo(33);
        assertThat(complete).doesNotExist();
    }
}
