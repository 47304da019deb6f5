package dev.gantry.storage;

import static dev.gantry.storage.kernel.StorageKernel.RENAME_NOREPLACE;

import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.archive.StackCopy;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.StorageKernel;

import java.nio.file.Path;

/**
 * Roots that are btrfs snapshots. Each image is copied once, its blocks shared with its layers,
 * into a subvolume {@code bases/<manifest>}; a root is a snapshot of that. It takes the rights of
 * the owner of the directory alone; an empty subvolume is removed by rmdir (Linux 4.18).
 */
final class BtrfsRoots implements RootDriver {
    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Images images;
    private final Trash trash;
    private final Directory bases;
    private final Directory tmp;

    BtrfsRoots(
            StorageKernel kernel, StoreFiles files, Images images, Trash trash, Directory bases) {
        this.kernel = kernel;
        this.files = files;
        this.images = images;
        this.trash = trash;
        this.bases = bases;
        this.tmp = Directory.open(kernel, files.tmp());
        imagesChanged();
    }

    @Override
    public String name() {
        return "btrfs";
    }

    @Override
    public boolean copies() {
        return true;
    }

    @Override
    public void fill(Steps steps, Directory in, StoredImage image, FileStat root, Path path) {
        var name = Digests.hex(image.digest());
        var base = Path.of(bases.path()).resolve(name);
        if (bases.stat(name).isEmpty()) {
            steps.run(
                    "btrfs subvolume",
                    base + ", a copy of " + image.layers().size() + " layers",
                    "btrfs subvolume create "
                            + Steps.quote(base.toString())
                            + " && "
                            + CopiedRoots.copyCommand(
                                    images.layers().lowerdirs(image.layers()), base),
                    () -> {
                        make(image, name);
                        return new SyscallResult(0, 0);
                    });
        }
        steps.run(
                "btrfs snapshot",
                base + " as " + path.resolve(CopiedRoots.ROOT),
                "btrfs subvolume snapshot "
                        + Steps.quote(base.toString())
                        + " "
                        + Steps.quote(path.resolve(CopiedRoots.ROOT).toString()),
                () -> {
                    try (var of = bases.descend(name)) {
                        return kernel.subvolumeSnapshot(of.fd(), in.fd(), CopiedRoots.ROOT);
                    }
                });
    }

    /** Made aside, so that it has its name when it is whole. */
    private synchronized void make(StoredImage image, String name) {
        if (bases.stat(name).isPresent()) {
            return;
        }
        var fresh = files.fresh("base").getFileName().toString();
        kernel.subvolumeCreate(tmp.fd(), fresh)
                .orThrow("ioctl BTRFS_IOC_SUBVOL_CREATE %s", tmp.at(fresh));
        try {
            try (var to = tmp.descend(fresh);
                    var stack = images.layers().stack(image.layers())) {
                StackCopy.copy(stack, to);
                // A snapshot of it may outlive a power loss that its own data would not.
                kernel.syncfs(to.fd()).orThrow("syncfs %s", to.path());
            }
            kernel.renameat2(tmp.fd(), fresh, bases.fd(), name, RENAME_NOREPLACE)
                    .orThrow("renameat2 %s to %s", tmp.at(fresh), bases.at(name));
        } catch (RuntimeException e) {
            trash.discard(tmp, fresh);
            throw e;
        }
    }

    /** Bases of images that are there no more go. */
    @Override
    public void imagesChanged() {
        for (var name : bases.names()) {
            if (!images.isThere("sha256:" + name)) {
                trash.discard(bases, name);
            }
        }
    }

    /** Whether the kernel lets this process make subvolumes there. */
    static boolean works(StorageKernel kernel, StoreFiles files, Trash trash) {
        var fresh = files.fresh("probe").getFileName().toString();
        try (var tmp = Directory.open(kernel, files.tmp())) {
            var made = kernel.subvolumeCreate(tmp.fd(), fresh);
            if (made.failed()) {
                return false;
            }
            trash.discard(tmp, fresh);
            return true;
        }
    }
}
