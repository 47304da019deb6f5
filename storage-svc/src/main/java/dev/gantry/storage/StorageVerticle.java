package dev.gantry.storage;

import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.kernel.LinuxStorageKernel;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

import java.io.UncheckedIOException;
import java.nio.file.Files;

/** Serves {@code storage.v1}: opens the store, then unpacks requests and calls it. */
final class StorageVerticle extends VerticleBase {
    private final ServiceContext context;
    private Storage storage;
    private Registration registration;

    StorageVerticle(ServiceContext context) {
        this.context = context;
    }

    @Override
    public Future<?> start() {
        // zstd-jni unpacks its library: into this service's own directory rather than /tmp.
        var run = context.layout().run("storage-svc");
        if (Files.isDirectory(run)) {
            System.setProperty("ZstdTempFolder", run.toString());
        }
        return vertx.executeBlocking(
                () -> {
                    storage =
                            Storage.open(
                                    new LinuxStorageKernel(),
                                    context.layout().state("storage-svc"),
                                    LayerLimits.configured(),
                                    Storage.onBus(context.bus()),
                                    (Files.isDirectory(run)
                                                    ? run
                                                    : context.layout().state("storage-svc"))
                                            .resolve("secrets"));
                    registration = context.bus().serve(StorageOperation.CONTRACT, this::handle);
                    return null;
                });
    }

    @Override
    public Future<?> stop() {
        return vertx.executeBlocking(
                () -> {
                    registration.close();
                    storage.close();
                    return null;
                });
    }

    private Object handle(Request<StorageOperation<?>> request) {
        try {
            return carryOut(request.operation());
        } catch (UncheckedIOException e) {
            throw DiskFault.of(e);
        }
    }

    private Object carryOut(StorageOperation<?> operation) {
        return switch (operation) {
            case StorageOperation.Prepare(var id, var image, var planOnly) ->
                    storage.prepare(id, image, planOnly);
            case StorageOperation.View(var id, var image, var planOnly) ->
                    storage.snapshotter().view(id, image, planOnly);
            case StorageOperation.Mounts(var id) -> storage.snapshotter().mounts(id);
            case StorageOperation.Remove(var id) -> storage.snapshotter().remove(id);
            case StorageOperation.Diff(var id) -> storage.snapshotter().diff(id);
            case StorageOperation.Commit commit -> storage.commit(commit);
            case StorageOperation.Import(var path, var reference, var config, var comment) ->
                    storage.imported(path, reference, config, comment);
            case StorageOperation.Export(var id, var socket) -> storage.export(id, socket);
            case StorageOperation.HostShell(var rebuild) -> storage.hostShell(rebuild);
            case StorageOperation.Images() -> storage.images().list();
            case StorageOperation.Inspect(var image) -> storage.images().inspect(image);
            case StorageOperation.Tag(var image, var name) -> storage.images().tag(image, name);
            case StorageOperation.RemoveImage(var image, var force) -> storage.remove(image, force);
            case StorageOperation.History(var image) -> storage.images().history(image);
            case StorageOperation.VolumeCreate(var name, var labels, var options) ->
                    storage.volumes().create(name, labels, options);
            case StorageOperation.VolumeFill(var name, var id, var path) ->
                    storage.fillVolume(name, id, path);
            case StorageOperation.Volumes() -> storage.volumes().list();
            case StorageOperation.VolumeRemove(var name) -> storage.volumes().remove(name);
            case StorageOperation.Snapshots() ->
                    new StorageResult.SnapshotList(storage.snapshotter().containers());
            case StorageOperation.Usage(var of) -> storage.usage(of);
            case StorageOperation.Check(var repair, var running) -> storage.check(repair, running);
            case StorageOperation.Build<?>(var step) -> storage.build().carryOut(step);
            case StorageOperation.Probe() -> storage.probe();
            case StorageOperation.Moving<?> moving -> storage.moving().carryOut(moving);
        };
    }
}
