package dev.gantry.storage;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.storage.StorageResult.Viewed;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.Manifest;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.StorageKernel;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Images that are shown to a container beside its own root: {@code
 * snapshots/<container>/views/<manifest>/}, filled as a root would be and never written to. They go
 * with the snapshot.
 */
final class ImageViews {
    private static final String VIEWS = "views";

    private final StorageKernel kernel;
    private final Images images;
    private final StoreFiles files;
    private final Directory snapshots;
    private final FreshDirectory fresh;
    private final RootDriver driver;

    ImageViews(
            StorageKernel kernel,
            Images images,
            StoreFiles files,
            Directory snapshots,
            FreshDirectory fresh,
            RootDriver driver) {
        this.kernel = kernel;
        this.images = images;
        this.files = files;
        this.snapshots = snapshots;
        this.fresh = fresh;
        this.driver = driver;
    }

    /** Manifest digests of the images that a container is shown. */
    List<String> of(String containerId) {
        var views = snapshots.find(containerId + "/" + VIEWS);
        if (views.isEmpty()) {
            return List.of();
        }
        try (var directory = views.get()) {
            return directory.names().stream().map(name -> "sha256:" + name).toList();
        }
    }

    /**
     * Shows one.
     *
     * @param root the image's root directory
     * @param lowerdirs of the image, topmost first
     */
    Viewed show(
            String containerId,
            StoredImage image,
            FileStat root,
            List<String> lowerdirs,
            boolean planOnly) {
        var name = Digests.hex(image.digest());
        var path = files.snapshots().resolve(containerId).resolve(VIEWS).resolve(name);
        var steps = new Steps(planOnly);
        Consumer<Directory> fill = in -> driver.fill(steps, in, image, root, path);
        if (planOnly) {
            fresh.plan(steps, path, fill);
            return new Viewed(
                    rootfs(path, lowerdirs, driver.copies()), images.describe(image), steps.list());
        }
        try (var views = views(containerId)) {
            if (views.stat(name).isEmpty()) {
                fresh.make(steps, views, name, path, fill);
            }
            boolean copy = views.stat(name + "/" + CopiedRoots.ROOT).isPresent();
            return new Viewed(rootfs(path, lowerdirs, copy), images.describe(image), steps.list());
        }
    }

    private Directory views(String containerId) {
        try (var snapshot = snapshots.descend(containerId)) {
            var made = kernel.mkdirat(snapshot.fd(), VIEWS, 0700);
            if (made.errno() != Errno.EEXIST) {
                made.orThrow("mkdirat %s", snapshot.at(VIEWS));
            }
            return snapshot.descend(VIEWS);
        }
    }

    /**
     * What would be the upper directory of a root is the topmost layer here: it stays empty, and
     * overlayfs wants two layers where nothing can be written.
     */
    private static Rootfs rootfs(Path path, List<String> lowerdirs, boolean copy) {
        if (copy) {
            return CopiedRoots.rootfs(path);
        }
        var overlay = OverlayRoots.rootfs(path, lowerdirs);
        var all = new ArrayList<String>();
        all.add(overlay.upperdir());
        all.addAll(lowerdirs);
        if (all.size() > Manifest.MAX_LAYERS) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "an image of %d layers cannot be shown, the kernel takes %d",
                    lowerdirs.size(),
                    Manifest.MAX_LAYERS - 1);
        }
        return new Rootfs(all, "", "", overlay.options());
    }
}
