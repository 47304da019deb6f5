package dev.gantry.storage;

import dev.gantry.bus.Bus;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageOperation.Stored;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.contract.storage.StorageResult.Checked;
import dev.gantry.bus.contract.storage.StorageResult.DiskUsage;
import dev.gantry.bus.contract.storage.StorageResult.Host;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.contract.storage.StorageResult.Removed;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.build.BuildSteps;
import dev.gantry.storage.content.ContentStore;
import dev.gantry.storage.content.Events;
import dev.gantry.storage.content.ImageMaker;
import dev.gantry.storage.content.ImageMaker.Recipe;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.Importer;
import dev.gantry.storage.content.Layers;
import dev.gantry.storage.content.StopMark;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.StoreSync;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.hostshell.HostShellTree;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One store with all that stands in it, opened and reconciled. */
final class Storage implements AutoCloseable {
    private static final String HOST_SHELL = "host-shell:latest";

    private static final System.Logger LOG = System.getLogger(Storage.class.getName());

    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Trash trash;
    private final StoreSync sync;
    private final StopMark mark;
    private final Images images;
    private final Drivers.Choice driver;
    private final ImageSnapshotter snapshotter;
    private final Volumes volumes;
    private final Importer importer;
    private final Events events;
    private final Moving moving;
    private final BuildSteps build;
    private final Object hostShell = new Object();

    private Storage(
            StorageKernel kernel,
            StoreFiles files,
            LayerLimits limits,
            Events events,
            Path secrets) {
        this.kernel = kernel;
        this.files = files;
        this.events = events;
        this.trash = new Trash(kernel, files.trash());
        clear(files.tmp());
        clear(files.unpacking());
        spread(files.unpacking());
        this.mark = StopMark.set(files);
        var content = new ContentStore(files);
        this.sync = new StoreSync(kernel, files, content);
        this.images =
                Images.open(
                        files,
                        content,
                        new Layers(kernel, files, content, trash, limits, sync),
                        sync,
                        mark.last(),
                        events);
        this.importer = new Importer(kernel, images);
        this.moving = new Moving(images, limits, files, events);
        this.driver = new Drivers(kernel, files, images, trash).choose();
        this.snapshotter = new ImageSnapshotter(kernel, files, images, trash, driver.driver());
        this.volumes =
                new Volumes(
                        kernel,
                        files,
                        trash,
                        new VolumeFilling(kernel, files, trash, limits),
                        events);
        this.build =
                new BuildSteps(
                        kernel, files, images, trash, limits, snapshotter, volumes::make, secrets);
    }

    /** Opens a store, making it if it is not there; leftovers of a crash go. */
    static Storage open(StorageKernel kernel, Path root, LayerLimits limits, Events events) {
        return open(kernel, root, limits, events, root.resolve("secrets"));
    }

    /**
     * The same.
     *
     * @param secrets a directory for the secrets of builds, in memory
     */
    static Storage open(
            StorageKernel kernel, Path root, LayerLimits limits, Events events, Path secrets) {
        return new Storage(kernel, StoreFiles.open(root), limits, events, secrets);
    }

    /** Events of a bus. */
    static Events onBus(Bus bus) {
        return (what, id, facts) -> {
            var now = Instant.now();
            var body = Json.mapper().createObjectNode();
            body.put("id", id);
            body.put("timeNanos", now.getEpochSecond() * 1_000_000_000L + now.getNano());
            facts.forEach(body::put);
            bus.publish("events.storage." + what, body);
        };
    }

    /** What was being made when the last run ended was never named: it goes. */
    private void clear(Path directory) {
        try (var from = Directory.open(kernel, directory)) {
            from.names().forEach(name -> trash.discard(from, name));
        }
    }

    /** Layers are to lie apart from each other on the disk (decision 0010). */
    private void spread(Path directory) {
        try (var parent = Directory.open(kernel, directory)) {
            var marked = kernel.markTopDirectory(parent.fd());
            if (marked.failed()) { // Other file systems place directories by other rules.
                LOG.log(
                        System.Logger.Level.DEBUG,
                        "{0} is not marked as a top directory: {1}",
                        directory,
                        Errno.name(marked.errno()));
            }
        }
    }

    BuildSteps build() {
        return build;
    }

    Snapshotter snapshotter() {
        return snapshotter;
    }

    Images images() {
        return images;
    }

    Moving moving() {
        return moving;
    }

    Volumes volumes() {
        return volumes;
    }

    /** {@link Snapshotter#prepare}; the image host-shell is made when it is first asked for. */
    Prepared prepare(String containerId, String image, boolean planOnly) {
        boolean hostShellWanted = image.equals("host-shell") || image.equals(HOST_SHELL);
        if (hostShellWanted && !planOnly && images.find(HOST_SHELL).isEmpty()) {
            hostShell(false);
        }
        return snapshotter.prepare(containerId, image, planOnly);
    }

    /** Fills an empty volume with a directory of a container's image. */
    Done fillVolume(String name, String containerId, String path) {
        try (var image = snapshotter.imageStack(containerId)) {
            return volumes.fill(name, image, path);
        }
    }

    Image commit(StorageOperation.Commit commit) {
        var image = snapshotter.commit(commit);
        events.publish(
                "committed",
                image.id(),
                Map.of(
                        "container",
                        commit.containerId(),
                        "reference",
                        commit.reference().orElse("")));
        return image;
    }

    /** Writes what a container's root has as a tar. */
    Done export(String containerId, String socket) {
        return new Export(kernel).into(socket, snapshotter.mounts(containerId).rootfs());
    }

    StorageResult.Images imported(
            String path, Optional<String> reference, Optional<ImageConfig> config, String comment) {
        return importer.from(Path.of(path), reference, config, comment);
    }

    /** The image of the host's own shell; made again if that is asked for. */
    Image hostShell(boolean rebuild) {
        synchronized (hostShell) {
            var existing = images.find(HOST_SHELL);
            if (existing.isPresent() && !rebuild) {
                return existing.get();
            }
            try {
                var tree = HostShellTree.ofHost();
                return new ImageMaker(images)
                        .makePacked(
                                Recipe.fresh(
                                        HostShellTree.CONFIG,
                                        tree.created(),
                                        "the host's own shell and tools",
                                        Optional.of(HOST_SHELL)),
                                tree::writeTo)
                        .image();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    Removed remove(String image, boolean force) {
        var removed = images.remove(image, force, snapshotter::usersOf);
        driver.driver().imagesChanged();
        return removed;
    }

    DiskUsage usage(List<Stored> of) {
        return new DiskUse(snapshotter, images, volumes).of(of);
    }

    Checked check(boolean repair, Optional<List<String>> running) {
        return new StoreCheck(images, snapshotter, volumes).run(repair, running);
    }

    /** Where and on what it stores. */
    Host probe() {
        return new Host(
                driver.driver().name(),
                files.root().toString(),
                new Drivers(kernel, files, images, trash).fileSystem(),
                driver.reason());
    }

    @Override
    public void close() {
        moving.close();
        mark.close();
        trash.close();
        snapshotter.close();
        volumes.close();
        sync.close();
    }
}
