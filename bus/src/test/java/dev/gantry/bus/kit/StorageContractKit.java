package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Event;
import dev.gantry.bus.Reply;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageOperation.Stored;
import dev.gantry.bus.contract.storage.StorageResult.Change;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Kind;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.contract.storage.StorageResult.Volume;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * What every implementation of {@code storage.v1} must do, on a host where it may write below its
 * state directory and read the test's temporary files.
 */
public abstract class StorageContractKit {
    private static final CallOptions PATIENT = CallOptions.within(Duration.ofSeconds(60));
    @TempDir Path host;
    private Path root;

    /** A bus with the implementation behind it, empty. */
    protected abstract Bus bus();

    @BeforeEach
    void makeTree() throws IOException {
        root = Files.createDirectories(host.resolve("root/etc")).getParent();
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
        Files.writeString(root.resolve("hello"), "hello\n");
        Files.createSymbolicLink(root.resolve("link"), Path.of("hello"));
    }

    private <R> R ask(StorageOperation<R> operation) {
        return bus().ask(StorageOperation.CONTRACT, operation, PATIENT);
    }

    private FaultCode refusal(StorageOperation<?> operation) {
        var reply = bus().call(StorageOperation.CONTRACT, operation, PATIENT).join();
        assertThat(reply).isInstanceOf(Reply.Failed.class);
        return ((Reply.Failed<?>) reply).fault().code();
    }

    private Image importTree(String reference) {
        var config =
                new ImageConfig(
                        "1000", List.of("A=b"), null, List.of("sh"), "/w", null, null, null, null);
        var images =
                ask(
                        new StorageOperation.Import(
                                root.toString(), Optional.of(reference), Optional.of(config)));
        assertThat(images.images()).hasSize(1);
        return images.images().getFirst();
    }

    @Test
    void aTreeBecomesAnImageThatIsFoundByNameIdAndPrefix() {
        var image = importTree("kit/tree:1");

        assertThat(image.references()).containsExactly("kit/tree:1");
        assertThat(image.config().env()).containsExactly("A=b");
        assertThat(image.layers()).hasSize(1);
        assertThat(ask(new StorageOperation.Inspect("kit/tree:1"))).isEqualTo(image);
        assertThat(ask(new StorageOperation.Inspect(image.id()))).isEqualTo(image);
        assertThat(ask(new StorageOperation.Inspect(image.id().substring(7, 19)))).isEqualTo(image);
        assertThat(ask(new StorageOperation.Images()).images()).contains(image);
    }

    @Test
    void anAbsentTagIsLatest() {
        var image = importTree("kit/latest");

        assertThat(image.references()).containsExactly("kit/latest:latest");
        assertThat(ask(new StorageOperation.Inspect("kit/latest")).id()).isEqualTo(image.id());
    }

    @Test
    void prepareDescribesAnOverlayAndReadsTheUsers() {
        importTree("kit/prepare");

        Prepared prepared = ask(new StorageOperation.Prepare("kit-prepare", "kit/prepare", false));

        assertThat(prepared.passwd()).startsWith("root:x:0:0");
        assertThat(prepared.group()).isEqualTo("root:x:0:\n");
        assertThat(Path.of(prepared.rootfs().upperdir())).isEmptyDirectory();
        assertThat(Path.of(prepared.rootfs().workdir())).isEmptyDirectory();
        assertThat(prepared.rootfs().lowerdirs()).hasSize(1);
        assertThat(Path.of(prepared.rootfs().lowerdirs().getFirst(), "hello"))
                .hasContent("hello\n");
        assertThat(prepared.steps()).isNotEmpty();
        assertThat(prepared.steps()).allMatch(step -> step.answer().equals(Optional.of("ok")));
        ask(new StorageOperation.Remove("kit-prepare"));
    }

    @Test
    void prepareIsIdempotentByIdAndRefusesAnotherImage() throws IOException {
        importTree("kit/idem");
        var first = ask(new StorageOperation.Prepare("kit-idem", "kit/idem", false));
        Files.writeString(root.resolve("hello"), "other\n");
        importTree("kit/other");

        var second = ask(new StorageOperation.Prepare("kit-idem", "kit/idem", false));

        assertThat(second.rootfs()).isEqualTo(first.rootfs());
        assertThat(ask(new StorageOperation.Mounts("kit-idem")).rootfs()).isEqualTo(first.rootfs());
        assertThat(refusal(new StorageOperation.Prepare("kit-idem", "kit/other", false)))
                .isEqualTo(FaultCode.ALREADY_EXISTS);
        ask(new StorageOperation.Remove("kit-idem"));
    }

    @Test
    void aPlanHasNoSideEffect() {
        importTree("kit/plan");

        var planned = ask(new StorageOperation.Prepare("kit-plan", "kit/plan", true));

        assertThat(planned.steps()).isNotEmpty();
        assertThat(planned.steps())
                .allMatch(step -> step.answer().isEmpty() && !step.shell().isEmpty());
        assertThat(Path.of(planned.rootfs().upperdir())).doesNotExist();
        assertThat(refusal(new StorageOperation.Mounts("kit-plan"))).isEqualTo(FaultCode.NOT_FOUND);
    }

    @Test
    void removeTakesTheSnapshotAwayAndMayBeRepeated() {
        importTree("kit/remove");
        var prepared = ask(new StorageOperation.Prepare("kit-remove", "kit/remove", false));

        ask(new StorageOperation.Remove("kit-remove"));
        ask(new StorageOperation.Remove("kit-remove"));

        assertThat(Path.of(prepared.rootfs().upperdir())).doesNotExist();
        assertThat(refusal(new StorageOperation.Mounts("kit-remove")))
                .isEqualTo(FaultCode.NOT_FOUND);
    }

    @Test
    void anImageInUseIsNotRemoved() {
        var image = importTree("kit/used");
        ask(new StorageOperation.Prepare("kit-used", "kit/used", false));

        assertThat(refusal(new StorageOperation.RemoveImage("kit/used")))
                .isEqualTo(FaultCode.FAILED_PRECONDITION);

        ask(new StorageOperation.Remove("kit-used"));
        var removed = ask(new StorageOperation.RemoveImage("kit/used"));
        assertThat(removed.untagged()).containsExactly("kit/used:latest");
        assertThat(removed.deleted()).contains(image.digest());
        assertThat(refusal(new StorageOperation.Inspect("kit/used")))
                .isEqualTo(FaultCode.NOT_FOUND);
    }

    @Test
    void anImageLivesAsLongAsItHasAName() {
        importTree("kit/names:a");
        ask(new StorageOperation.Tag("kit/names:a", "kit/names:b"));

        var untagged = ask(new StorageOperation.RemoveImage("kit/names:a"));

        assertThat(untagged.deleted()).isEmpty();
        assertThat(ask(new StorageOperation.Inspect("kit/names:b")).references())
                .containsExactly("kit/names:b");
        ask(new StorageOperation.RemoveImage("kit/names:b"));
    }

    @Test
    void byIdAnImageOfSeveralRepositoriesIsRemovedByForceOnly() {
        var image = importTree("kit/one");
        ask(new StorageOperation.Tag("kit/one", "kit/two"));

        assertThat(refusal(new StorageOperation.RemoveImage(image.id())))
                .isEqualTo(FaultCode.FAILED_PRECONDITION);
        var removed = ask(new StorageOperation.RemoveImage(image.id(), true));

        assertThat(removed.untagged()).containsExactly("kit/one:latest", "kit/two:latest");
        assertThat(removed.deleted()).contains(image.id());
        assertThat(removed.reclaimedBytes()).isPositive();
    }

    @Test
    void byForceAnImageInUseLosesItsNamesAndStays() {
        var image = importTree("kit/forced");
        ask(new StorageOperation.Prepare("kit-forced", "kit/forced", false));

        var removed = ask(new StorageOperation.RemoveImage("kit/forced", true));

        assertThat(removed.untagged()).containsExactly("kit/forced:latest");
        assertThat(removed.deleted()).isEmpty();
        assertThat(ask(new StorageOperation.Mounts("kit-forced")).image().references()).isEmpty();
        assertThat(refusal(new StorageOperation.RemoveImage(image.id(), true)))
                .isEqualTo(FaultCode.FAILED_PRECONDITION);
        ask(new StorageOperation.Remove("kit-forced"));
        ask(new StorageOperation.RemoveImage(image.id()));
    }

    @Test
    void aCommitMayHaveAnotherConfigurationAnAuthorAndNoName() {
        importTree("kit/config");
        ask(new StorageOperation.Prepare("kit-config", "kit/config", false));
        var config = Json.mapper().createObjectNode().put("User", "7").put("WorkingDir", "/tmp");

        var committed =
                ask(
                        new StorageOperation.Commit(
                                "kit-config",
                                Optional.empty(),
                                "",
                                "somebody",
                                Optional.of(config)));

        assertThat(committed.config().user()).isEqualTo("7");
        assertThat(committed.config().workingDir()).isEqualTo("/tmp");
        assertThat(committed.config().env()).isEmpty();
        assertThat(committed.author()).isEqualTo("somebody");
        assertThat(committed.references()).isEmpty();
        var history = ask(new StorageOperation.History(committed.id())).history();
        assertThat(history.getFirst().image()).contains(committed.id());
        assertThat(history.getLast().image())
                .contains(ask(new StorageOperation.Inspect("kit/config")).id());
        ask(new StorageOperation.Remove("kit-config"));
    }

    @Test
    void whatAContainerChangedIsListedAndCommitted() throws IOException {
        importTree("kit/diff");
        var prepared = ask(new StorageOperation.Prepare("kit-diff", "kit/diff", false));
        var upper = Path.of(prepared.rootfs().upperdir());
        Files.writeString(upper.resolve("hello"), "changed\n");
        Files.createDirectory(upper.resolve("new"));
        Files.writeString(upper.resolve("new/file"), "new\n");

        var changes = ask(new StorageOperation.Diff("kit-diff")).changes();
        var committed = ask(new StorageOperation.Commit("kit-diff", "kit/committed", "a comment"));

        assertThat(changes)
                .containsExactly(
                        new Change(Kind.CHANGED, "/hello"),
                        new Change(Kind.ADDED, "/new"),
                        new Change(Kind.ADDED, "/new/file"));
        assertThat(committed.layers()).hasSize(2);
        assertThat(committed.config().env()).containsExactly("A=b");
        var history = ask(new StorageOperation.History("kit/committed")).history();
        assertThat(history).hasSize(2);
        assertThat(history.getFirst().comment()).isEqualTo("a comment");
        var over = ask(new StorageOperation.Prepare("kit-over", "kit/committed", false));
        assertThat(Path.of(over.rootfs().lowerdirs().getFirst(), "new/file")).hasContent("new\n");
        ask(new StorageOperation.Remove("kit-over"));
        ask(new StorageOperation.Remove("kit-diff"));
    }

    @Test
    void whatIsStoredIsListedAndMeasured() throws IOException {
        var image = importTree("kit/usage");
        var prepared = ask(new StorageOperation.Prepare("kit-usage", "kit/usage", false));
        Files.write(Path.of(prepared.rootfs().upperdir(), "big"), new byte[1 << 20]);
        Volume volume = ask(new StorageOperation.VolumeCreate("kit-usage", Map.of()));
        Files.write(Path.of(volume.path(), "big"), new byte[1 << 20]);

        var all = ask(new StorageOperation.Usage(List.of()));
        var some = ask(new StorageOperation.Usage(List.of(Stored.VOLUMES)));

        assertThat(ask(new StorageOperation.Snapshots()).containerIds()).contains("kit-usage");
        var snapshot =
                all.snapshots().stream()
                        .filter(each -> each.containerId().equals("kit-usage"))
                        .findFirst()
                        .orElseThrow();
        assertThat(snapshot.image()).isEqualTo(image.digest());
        assertThat(snapshot.size().bytes()).isGreaterThanOrEqualTo(1 << 20);
        assertThat(snapshot.size().complete()).isTrue();
        assertThat(all.layers())
                .anyMatch(
                        layer ->
                                layer.images().contains(image.digest())
                                        && layer.diffId().equals(image.layers().getFirst())
                                        && layer.packedBytes() > 0);
        assertThat(all.blobBytes()).isPositive();
        assertThat(some.snapshots()).isEmpty();
        assertThat(some.layers()).isEmpty();
        assertThat(some.volumes()).anyMatch(each -> each.name().equals("kit-usage"));
        ask(new StorageOperation.VolumeRemove("kit-usage"));
        ask(new StorageOperation.Remove("kit-usage"));
    }

    @Test
    void aStoreThatIsWholeIsFoundWhole() {
        importTree("kit/check");

        var checked = ask(new StorageOperation.Check(false, Optional.empty()));

        assertThat(checked.findings()).isEmpty();
        assertThat(checked.blobs()).isGreaterThanOrEqualTo(3);
        assertThat(checked.layers()).isPositive();
    }

    @Test
    void volumesAreMadeOnceAndListed() {
        Volume made = ask(new StorageOperation.VolumeCreate("kit-volume", Map.of("a", "b")));

        assertThat(ask(new StorageOperation.VolumeCreate("kit-volume", Map.of()))).isEqualTo(made);
        assertThat(Path.of(made.path())).isDirectory();
        assertThat(ask(new StorageOperation.Volumes()).volumes()).contains(made);
        ask(new StorageOperation.VolumeRemove("kit-volume"));
        ask(new StorageOperation.VolumeRemove("kit-volume"));
        assertThat(Path.of(made.path())).doesNotExist();
    }

    @Test
    void aVolumeMayBeADirectoryOfTheHostWhichOutlivesIt() throws IOException {
        var directory = Files.createDirectory(host.resolve("device"));
        var options = Map.of("type", "none", "o", "bind", "device", directory.toString());
        var create = new StorageOperation.VolumeCreate("kit-device", Map.of(), options);

        var made = ask(create);

        assertThat(made.path()).isEqualTo(directory.toString());
        assertThat(ask(create)).isEqualTo(made);
        assertThat(
                        refusal(
                                new StorageOperation.VolumeCreate(
                                        "kit-device", Map.of(), Map.of("device", "/other"))))
                .isEqualTo(FaultCode.ALREADY_EXISTS);
        assertThat(
                        refusal(
                                new StorageOperation.VolumeCreate(
                                        "kit-nfs", Map.of(), Map.of("type", "nfs"))))
                .isEqualTo(FaultCode.UNSUPPORTED);
        ask(new StorageOperation.VolumeRemove("kit-device"));
        assertThat(directory).exists();
    }

    @Test
    void anEmptyVolumeIsFilledOnceFromTheImage() throws IOException {
        importTree("kit/fill");
        ask(new StorageOperation.Prepare("kit-fill", "kit/fill", false));
        Volume volume = ask(new StorageOperation.VolumeCreate("kit-filled", Map.of()));
        var file = Path.of(volume.path(), "hello");

        ask(new StorageOperation.VolumeFill("kit-filled", "kit-fill", "/nowhere"));
        assertThat(file).doesNotExist();
        ask(new StorageOperation.VolumeFill("kit-filled", "kit-fill", "/"));
        assertThat(file).exists();
        Files.writeString(file, "mine");
        ask(new StorageOperation.VolumeFill("kit-filled", "kit-fill", "/"));

        assertThat(file).hasContent("mine");
        assertThat(refusal(new StorageOperation.VolumeFill("kit-absent", "kit-fill", "/")))
                .isEqualTo(FaultCode.NOT_FOUND);
        assertThat(refusal(new StorageOperation.VolumeFill("kit-filled", "kit-absent", "/")))
                .isEqualTo(FaultCode.NOT_FOUND);
        ask(new StorageOperation.VolumeRemove("kit-filled"));
        ask(new StorageOperation.Remove("kit-fill"));
    }

    @Test
    void theHostsOwnShellIsAnImageAndTheSameTwice() {
        var first = ask(new StorageOperation.HostShell(false));
        var again = ask(new StorageOperation.HostShell(true));

        assertThat(first.references()).containsExactly("host-shell:latest");
        assertThat(again.id()).isEqualTo(first.id());
        assertThat(again.digest()).isEqualTo(first.digest());
        assertThat(first.config().cmd()).containsExactly("sh");
    }

    @Test
    void whatHappensIsPublished() throws InterruptedException {
        var events = new LinkedBlockingQueue<Event>();
        try (var subscription = bus().subscribe("events.storage.*", events::add)) {
            assertThat(subscription).isNotNull();
            var image = importTree("kit/events");

            var event = events.poll(10, TimeUnit.SECONDS);

            assertThat(event).isNotNull();
            assertThat(event.topic()).isEqualTo("events.storage.image-imported");
            assertThat(event.body().path("id").asText()).isEqualTo(image.id());
            assertThat(event.body().path("timeNanos").asLong()).isPositive();
        }
    }

    @Test
    void whatIsNotThereIsNotFound() {
        assertThat(refusal(new StorageOperation.Inspect("kit/absent")))
                .isEqualTo(FaultCode.NOT_FOUND);
        assertThat(refusal(new StorageOperation.Prepare("kit-absent", "kit/absent", false)))
                .isEqualTo(FaultCode.NOT_FOUND);
        assertThat(refusal(new StorageOperation.Diff("kit-absent"))).isEqualTo(FaultCode.NOT_FOUND);
        assertThat(
                        refusal(
                                new StorageOperation.Import(
                                        host.resolve("absent").toString(),
                                        Optional.empty(),
                                        Optional.empty())))
                .isEqualTo(FaultCode.NOT_FOUND);
        assertThat(ask(new StorageOperation.Probe()).driver()).isNotEmpty();
    }
}
