package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.storage.StorageResult.Finding;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.Shell;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is broken in the store is found, named, and mended where it can be. */
@RequiresRoot
class StorageCheckIT {
    @TempDir Path temp;
    private Path state;
    private Path layout;
    private Storage storage;

    @BeforeEach
    void fill() throws IOException {
        state = temp.resolve("state");
        storage = openStore();
        layout =
                new OciLayout(temp.resolve("layout"))
                        .gzipLayer(
                                new TarBytes()
                                        .file("implied/a", "aaaa")
                                        .mode(04755)
                                        .file("suid", "s")
                                        .plain()
                                        .hardlink("again", "suid")
                                        .symlink("link", "suid")
                                        .xattr("user.x", "y".getBytes())
                                        .file("attributed", "")
                                        .end())
                        .zstdLayer(
                                new TarBytes()
                                        .file(".wh.link", "")
                                        .file("implied/b", "bbbb")
                                        .file("implied/.wh..wh..opq", "")
                                        .end())
                        .write("tag");
        bring();
    }

    @AfterEach
    void close() {
        storage.close();
    }

    private Storage openStore() {
        return Storage.open(
                new LinuxStorageKernel(), state, LayerLimits.DEFAULT, (what, id, facts) -> {});
    }

    private void bring() {
        storage.imported(layout.toString(), Optional.of("image"), Optional.empty(), "");
    }

    private List<Finding> check(boolean repair) {
        return storage.check(repair, Optional.of(List.of())).findings();
    }

    private Path lowest() {
        var prepared = storage.prepare("look", "image", false);
        storage.snapshotter().remove("look");
        return Path.of(prepared.rootfs().lowerdirs().getLast());
    }

    private Path blob(String pattern) throws Exception {
        var file =
                Shell.run(
                        "sh",
                        "-c",
                        "grep -l '" + pattern + "' " + state.resolve("blobs/sha256") + "/*");
        return Path.of(file.lines().findFirst().orElseThrow());
    }

    @Test
    void aWholeStoreHasNoFindings() {
        storage.prepare("container", "image", false);

        assertThat(check(true)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "printf 'aaab' | dd of=implied/a conv=notrunc status=none;"
                        + " touch -d @1000000000 implied/a",
                "truncate -s 0 implied/a; touch -d @1000000000 implied/a",
                "rm implied/a; touch -d @0 implied",
                "touch more",
                "chmod 0755 suid",
                "chown 1 suid",
                "rm again; cp -p suid again",
                "ln -sfn elsewhere link",
                "setfattr -n user.x -v z attributed || python3 -c"
                        + " \"import os; os.setxattr('attributed', 'user.x', b'z')\"",
                "touch -d @5 implied/a",
                "cd ..; rm layer.json",
                "cd ..; truncate -s 10 layer.json",
                "cd ..; rm -r fs",
            })
    void whatIsBrokenInALayerIsFoundAndUnpackedAgain(String damage) throws Exception {
        var lower = lowest();
        Shell.run("sh", "-c", "cd " + lower + "; " + damage);

        var found = check(false);
        var mended = check(true);
        var after = check(false);

        assertThat(found).hasSize(1).allMatch(f -> f.part().equals("layer") && !f.repaired());
        assertThat(mended).hasSize(1).allMatch(Finding::repaired);
        assertThat(after).isEmpty();
        assertThat(lower.resolve("implied/a")).hasContent("aaaa");
    }

    @Test
    void aLayerBelowAContainerThatMayRunIsNotExchanged() throws Exception {
        storage.prepare("container", "image", false);
        var file = lowest().resolve("implied/a");
        Files.writeString(file, "XXXX");

        var found = storage.check(true, Optional.empty()).findings();

        assertThat(found).hasSize(1);
        assertThat(found.getFirst().repaired()).isFalse();
        assertThat(found.getFirst().remedy()).contains("stop the containers");
        assertThat(file).hasContent("XXXX");
        assertThat(storage.check(true, Optional.of(List.of("other"))).findings())
                .allMatch(Finding::repaired);
    }

    @Test
    void aBrokenBlobIsNamedWithItsImageAndComesBackWithIt() throws Exception {
        var blob = blob("hello-no-such-text\\|diff_ids");
        Shell.run("sh", "-c", "printf '  ' | dd of=" + blob + " conv=notrunc status=none");

        var found = check(true);

        assertThat(found).hasSize(1);
        assertThat(found.getFirst().problem()).contains("not those of its digest");
        assertThat(found.getFirst().remedy()).contains("bring image:latest again");
        bring();
        assertThat(check(false)).isEmpty();
    }

    @Test
    void anImageThatCannotBeLoadedKeepsItsNameAndTheRestOfItsContent() throws Exception {
        var id = storage.images().inspect("image").id();
        var config = state.resolve("blobs/sha256/" + id.substring(7));
        storage.close();
        Files.write(config, new byte[(int) Files.size(config)]);

        storage = openStore();

        assertThat(state.resolve("layers")).isNotEmptyDirectory();
        assertThatThrownBy(() -> storage.prepare("container", "image", false))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).isEqualTo(FaultCode.FAILED_PRECONDITION))
                .hasMessageContaining("is damaged");
        assertThat(check(false)).extracting(Finding::part).containsExactly("blob", "image");
        check(true); // It takes the broken blob away, or bringing it would find it there.
        bring();
        assertThat(storage.prepare("container", "image", false).image().references())
                .containsExactly("image:latest");
        assertThat(check(false)).isEmpty();
    }

    @Test
    void aDamagedImageCanBeRemoved() throws Exception {
        var digest = storage.images().inspect("image").digest();
        storage.close();
        Files.delete(state.resolve("blobs/sha256/" + digest.substring(7)));
        storage = openStore();

        var removed = storage.remove("image", false);

        assertThat(removed.untagged()).containsExactly("image:latest");
        assertThat(state.resolve("blobs/sha256")).isEmptyDirectory();
        assertThat(state.resolve("layers")).isEmptyDirectory();
    }

    @Test
    void garbageIsNamedAndRemoved() throws Exception {
        var blob = Files.writeString(state.resolve("blobs/sha256/" + "0".repeat(64)), "orphan");
        var layer = Files.createDirectories(state.resolve("layers/" + "1".repeat(64) + "/fs"));

        assertThat(check(false)).extracting(Finding::part).containsExactly("blob", "layer");
        assertThat(blob).exists();
        assertThat(check(true)).allMatch(Finding::repaired);
        assertThat(blob).doesNotExist();
        assertThat(layer).doesNotExist();
    }

    @Test
    void snapshotsAndVolumesAreLookedAt() throws Exception {
        storage.prepare("container", "image", false);
        var volume = Path.of(storage.volumes().create("volume", Map.of()).path());
        Shell.run("rm", "-r", state.resolve("snapshots/container/work").toString());
        Files.writeString(volume.resolveSibling("volume.json"), "{");

        var found = check(true);

        assertThat(found).extracting(Finding::part).containsExactly("snapshot", "volume");
        assertThat(found).extracting(Finding::repaired).containsExactly(false, true);
        assertThat(storage.volumes().list().volumes()).hasSize(1);
    }

    /** The file system may keep the name of a file and lose what was written but not synced. */
    @ParameterizedTest
    @ValueSource(strings = {"truncate -s 0", "rm", "dd if=/dev/zero bs=4 count=1 status=none of="})
    void afterAPowerLossALayerIsComparedBeforeItIsUsed(String loss) throws Exception {
        var lower = lowest();
        storage.close();
        Files.writeString(state.resolve("running"), "another-boot 1 1");
        Shell.run("sh", "-c", loss + (loss.endsWith("=") ? "" : " ") + lower.resolve("implied/a"));

        storage = openStore();
        storage.prepare("container", "image", false);

        assertThat(lower.resolve("implied/a")).hasContent("aaaa");
        assertThat(check(false)).isEmpty();
    }

    @Test
    void afterAPowerLossABlobIsVerifiedBeforeItCountsAsThere() throws Exception {
        storage.close();
        Files.writeString(state.resolve("running"), "another-boot 1 1");
        var config = blob("diff_ids");
        var good = Files.readAllBytes(config);
        storage.close();
        Files.write(config, new byte[good.length]);

        storage = openStore();
        bring();

        assertThat(config).hasBinaryContent(good);
        assertThat(check(false)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "printf '' > index.json",
                "printf '{\"schemaVersion\": 2, \"manifests\": [{\"digest' > index.json",
                "printf '{\"manifests\": [{\"digest\": \"sha256:1\"}]}' > index.json",
                "head -c 100 /dev/urandom > index.json",
                "rm index.json"
            })
    void aLostIndexIsMadeOfWhatIsThere(String damage) throws Exception {
        storage.images().tag("image", "other");
        storage.images().tag("image", "newest");
        var before = storage.images().list().images();
        storage.close();
        Shell.run("sh", "-c", "cd " + state + "; " + damage);

        storage = openStore();

        var after = storage.images().list().images();
        assertThat(after).hasSameSizeAs(before);
        assertThat(after.getFirst().id()).isEqualTo(before.getFirst().id());
        assertThat(after.getFirst().references())
                .as("the names of before the last change")
                .containsExactlyInAnyOrder("image:latest", "other:latest");
        if (!damage.startsWith("rm")) {
            assertThat(check(false)).extracting(Finding::part).containsExactly("index");
            assertThat(check(true)).extracting(Finding::repaired).containsExactly(true);
        }
        assertThat(check(false)).isEmpty();
        storage.close();
        storage = openStore();
        assertThat(storage.images().list().images()).isEqualTo(after);
    }

    /**
     * Both are lost, or the service ended between putting one aside and writing it anew: nobody
     * knows the names, but nothing is swept.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                ": > index.json; : > index.json.previous",
                "mv index.json index.json.broken; rm -f index.json.previous"
            })
    void withoutAnyIndexTheImagesAreThereWithoutNames(String damage) throws Exception {
        var before = storage.images().list().images().getFirst();
        storage.close();
        Shell.run("sh", "-c", "cd " + state + "; " + damage);

        storage = openStore();

        var after = storage.images().list().images();
        assertThat(after).extracting(Image::id).containsExactly(before.id());
        assertThat(after.getFirst().references()).isEmpty();
        storage.images().tag(before.id(), "image");
        assertThat(storage.prepare("container", "image", false).rootfs().lowerdirs()).hasSize(2);
    }
}
