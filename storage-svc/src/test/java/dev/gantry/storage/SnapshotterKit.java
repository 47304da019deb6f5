package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Change;
import dev.gantry.bus.contract.storage.StorageResult.Kind;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.MergedRoot;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.Shell;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What every way to make roots must do, as seen by who mounts what is described. */
abstract class SnapshotterKit {
    private static final String LIST =
            "cd $root; find . -type d -printf '%p %y %m %U:%G %T@\\n' | sort;"
                    + " find . ! -type d -printf '%p %y %m %U:%G %n %s %l %T@\\n' | sort;"
                    + " cat kept implied/deep/b full/c";

    @TempDir Path temp;
    protected Storage storage;

    /** The driver's name. */
    abstract String driver();

    /** An empty directory on a file system that can do it. */
    abstract Path place() throws Exception;

    @BeforeEach
    void open() throws Exception {
        var state = place().resolve("state");
        Files.createDirectory(state);
        Files.writeString(state.resolve("driver"), driver() + "\n");
        storage = openStore(state);
        var layout =
                new OciLayout(temp.resolve("layout"))
                        .layer(
                                new TarBytes()
                                        .owner(7)
                                        .mode(0711)
                                        .directory(".")
                                        .plain()
                                        .file("kept", "kept")
                                        .file("gone", "gone")
                                        .file("opaque/old", "old")
                                        .file("full/c", "c")
                                        .symlink("link", "kept")
                                        .hardlink("again", "kept")
                                        .mode(04755)
                                        .owner(33)
                                        .file("suid", "s")
                                        .plain()
                                        .xattr("user.x", "y".getBytes())
                                        .file("attributed", "a")
                                        .plain()
                                        .node("pipe", TarEntry.Type.FIFO)
                                        .end())
                        .gzipLayer(
                                new TarBytes()
                                        .file(".wh.gone", "")
                                        .directory("opaque")
                                        .file("opaque/.wh..wh..opq", "")
                                        .file("opaque/new", "new")
                                        .file("implied/deep/b", "b")
                                        .end());
        storage.imported(
                layout.write("tag").toString(), Optional.of("image"), Optional.empty(), "");
    }

    @AfterEach
    void close() {
        storage.close();
    }

    protected Storage openStore(Path state) {
        return Storage.open(
                new LinuxStorageKernel(), state, LayerLimits.DEFAULT, (what, id, facts) -> {});
    }

    private String run(String container, String script) throws Exception {
        return MergedRoot.run(storage.snapshotter().mounts(container).rootfs(), script);
    }

    @Test
    void itIsTheDriverThatWasAskedFor() {
        assertThat(storage.probe().driver()).isEqualTo(driver());
        assertThat(storage.probe().reason()).isNotEmpty();
    }

    @Test
    void theRootShowsTheLayersMerged() throws Exception {
        var prepared = storage.prepare("one", "image", false);

        var list = MergedRoot.run(prepared.rootfs(), LIST);

        assertThat(list)
                .contains(
                        ". d 711 7:7",
                        "./suid f 4755 33:33 1 1",
                        "./again f 755 0:0 2 4",
                        "./link l 777 0:0 1 4 kept",
                        "./pipe p",
                        "./opaque/new",
                        "./implied/deep d 755 0:0 0.0",
                        "1000000000.0")
                .doesNotContain("gone", "old", ".wh.");
        assertThat(list).endsWith("keptbc");
        assertThat(
                        MergedRoot.run(
                                prepared.rootfs(),
                                "cd $root; python3 -c \"import os;"
                                        + " print(os.getxattr('attributed', 'user.x'))\""))
                .contains("b'y'");
    }

    @Test
    void aPlanHasNoEffectAndItsCommandsMakeTheSameRoot() throws Exception {
        var planned = storage.prepare("plan", "image", true);
        assertThat(storage.snapshotter().containers()).isEmpty();
        for (var step : planned.steps()) {
            Shell.run("sh", "-c", step.shell());
        }
        assertThat(storage.snapshotter().mounts("plan").rootfs()).isEqualTo(planned.rootfs());
        storage.prepare("made", "image", false);
        // Copying by cp knows no opaque directories; the root's time is that of the last step.
        var list = LIST.replace("find .", "find . -mindepth 1 -path ./opaque -prune -o");
        assertThat(run("plan", list)).isEqualTo(run("made", list));
    }

    @Test
    void rootsAreNobodyElsesAndLeaveTheImageAlone() throws Exception {
        storage.prepare("one", "image", false);
        storage.prepare("two", "image", false);
        var list = LIST.replace("find .", "find . -mindepth 1");
        var before = run("two", list);

        run("one", "cd $root; echo changed > kept; rm -r full; touch more; chmod 0 suid");

        assertThat(run("two", list)).isEqualTo(before);
        storage.prepare("three", "image", false);
        assertThat(run("three", list)).isEqualTo(before);
        assertThat(storage.check(false, Optional.empty()).findings()).isEmpty();
    }

    @Test
    void whatIsPreparedStaysWhatItIs() throws Exception {
        var first = storage.prepare("one", "image", false);
        run("one", "echo mine > $root/mine");

        var again = storage.prepare("one", "image", false);

        assertThat(again.rootfs()).isEqualTo(first.rootfs());
        assertThat(again.steps()).isEmpty();
        assertThat(run("one", "cat $root/mine")).isEqualTo("mine\n");
    }

    @Test
    void changesAreListedAndCommitted() throws Exception {
        storage.prepare("work", "image", false);
        run(
                "work",
                "cd $root; rm kept; rm -r opaque; mkdir opaque; echo n > opaque/other;"
                        + " echo d > full/d; chmod 4750 full/c; ln full/d full/e; mkfifo fifo;"
                        + " ln -sfn elsewhere link; mkdir -p a/b; rm -r implied; echo f > implied;"
                        + " truncate -s 1M sparse; python3 -c \"import os;"
                        + " os.setxattr('attributed', 'user.x', b'z')\"");

        var changes = storage.snapshotter().diff("work").changes();
        storage.commit(
                new StorageOperation.Commit(
                        "work", Optional.of("committed"), "", "", Optional.empty()));
        storage.prepare("over", "committed", false);

        assertThat(changes)
                .containsExactlyInAnyOrder(
                        new Change(Kind.ADDED, "/a"),
                        new Change(Kind.ADDED, "/a/b"),
                        new Change(Kind.CHANGED, "/attributed"),
                        new Change(Kind.ADDED, "/fifo"),
                        new Change(Kind.CHANGED, "/full"),
                        new Change(Kind.CHANGED, "/full/c"),
                        new Change(Kind.ADDED, "/full/d"),
                        new Change(Kind.ADDED, "/full/e"),
                        new Change(Kind.CHANGED, "/implied"),
                        new Change(Kind.DELETED, "/kept"),
                        new Change(Kind.CHANGED, "/link"),
                        new Change(Kind.CHANGED, "/opaque"),
                        new Change(Kind.DELETED, "/opaque/new"),
                        new Change(Kind.ADDED, "/opaque/other"),
                        new Change(Kind.ADDED, "/sparse"));
        var list =
                "cd $root; find . -printf '%p %y %m %U %s %l\\n' | grep -v ' d ' | sort;"
                        + " find . -type d -printf '%p %m %U\\n' | sort; cat full/e implied";
        assertThat(run("over", list)).isEqualTo(run("work", list)).contains("./full/c f 4750");
    }

    @Test
    void anotherImageIsShownBesideTheRoot() throws Exception {
        storage.prepare("own", "image", false);
        var list = LIST.replace("find .", "find . -mindepth 1"); // The root's time is its making's.
        var own = run("own", list);
        storage.imported(
                new OciLayout(temp.resolve("tools"))
                        .layer(
                                new TarBytes()
                                        .mode(0711)
                                        .owner(9)
                                        .directory(".")
                                        .file("t", "t")
                                        .end())
                        .write("tag")
                        .toString(),
                Optional.of("tools"),
                Optional.empty(),
                "");

        var planned = storage.snapshotter().view("own", "tools", true);
        var shown = storage.snapshotter().view("own", "tools", false);
        var itself = storage.snapshotter().view("own", "image", false);

        assertThat(shown.rootfs()).isEqualTo(planned.rootfs());
        assertThat(storage.snapshotter().view("own", "tools", false).steps()).isEmpty();
        assertThat(MergedRoot.run(shown.rootfs(), "cd $root; stat -c '%a %u' .; find .; cat t"))
                .isEqualTo("711 9\n.\n./t\nt");
        assertThat(MergedRoot.run(itself.rootfs(), list)).isEqualTo(own);
        assertThat(run("own", list)).isEqualTo(own);
        assertThat(storage.snapshotter().containers()).containsExactly("own");
        assertThat(storage.check(false, Optional.empty()).findings()).isEmpty();
        assertThatThrownBy(() -> storage.remove("tools", false))
                .hasMessageContaining("is used by container");
        storage.snapshotter().remove("own");
        assertThat(storage.remove("tools", false).deleted()).isNotEmpty();
    }

    @Test
    void onlyAContainerThatIsThereIsShownAnImage() {
        assertThatThrownBy(() -> storage.snapshotter().view("absent", "image", false))
                .hasMessageContaining("no snapshot of container absent");
        storage.prepare("own", "image", false);
        assertThatThrownBy(() -> storage.snapshotter().view("own", "absent", false))
                .hasMessageContaining("no such image");
    }

    @Test
    void nothingChangedIsNoChange() throws Exception {
        storage.prepare("same", "image", false);
        run("same", "cd $root; cat kept; find . > /dev/null");

        assertThat(storage.snapshotter().diff("same").changes()).isEmpty();
    }

    @Test
    void useIsMeasured() throws Exception {
        storage.prepare("used", "image", false);
        var before = storage.snapshotter().usage("used").orElseThrow().size();

        run("used", "head -c 2000000 /dev/urandom > $root/big; sync $root/big");

        var after = storage.snapshotter().usage("used").orElseThrow().size();
        assertThat(after.bytes() - before.bytes()).isBetween(2_000_000L, 2_300_000L);
        assertThat(after.files()).isGreaterThan(before.files());
        assertThat(storage.snapshotter().usage("absent")).isEmpty();
    }

    @Test
    void theUsersAreReadThroughTheRoot() throws Exception {
        storage.prepare("users", "image", false);
        run("users", "mkdir $root/etc; echo root:x:0:0:: > $root/etc/passwd");

        assertThat(storage.snapshotter().mounts("users").passwd()).isEqualTo("root:x:0:0::\n");
    }

    @Test
    void removingTakesEverythingAway() throws Exception {
        storage.prepare("gone", "image", false);
        run("gone", "mkdir -p $root/a/b; touch $root/a/b/c");

        storage.snapshotter().remove("gone");
        storage.snapshotter().remove("gone");

        assertThat(storage.snapshotter().containers()).isEmpty();
        assertThatThrownBy(() -> storage.snapshotter().mounts("gone"))
                .isInstanceOf(FaultException.class);
        storage.remove("image", false);
        var trash = Path.of(storage.probe().root()).resolve("trash");
        long end = System.nanoTime() + 60_000_000_000L;
        while (!isEmpty(trash) && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        assertThat(trash).isEmptyDirectory();
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (var all = Files.list(directory)) {
            return all.findAny().isEmpty();
        }
    }

    @Test
    void aSnapshotOutlivesTheServiceAndTheChoiceOfDriver() throws Exception {
        storage.prepare("old", "image", false);
        run("old", "echo mine > $root/mine; rm $root/kept");
        var state = Path.of(storage.probe().root());
        storage.close();
        Files.writeString(state.resolve("driver"), driver().equals("native") ? "auto" : "native");

        storage = openStore(state);

        assertThat(storage.probe().driver()).isNotEqualTo(driver());
        assertThat(run("old", "cat $root/mine")).isEqualTo("mine\n");
        assertThat(storage.snapshotter().diff("old").changes())
                .contains(new Change(Kind.ADDED, "/mine"), new Change(Kind.DELETED, "/kept"));
        storage.prepare("new", "image", false);
        assertThat(run("new", "cat $root/kept")).isEqualTo("kept");
        assertThat(storage.check(false, Optional.empty()).findings()).isEmpty();
    }
}
