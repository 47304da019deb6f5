package dev.gantry.storage;

import static dev.gantry.storage.kernel.StorageKernel.AT_REMOVEDIR;
import static dev.gantry.storage.kernel.StorageKernel.RENAME_NOREPLACE;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.LayerUnpacker;
import dev.gantry.storage.archive.TreePacker;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Fills empty volumes. The copy is made aside and synced, then named {@code new} in the volume, and
 * only then moved into {@code data}, name by name, for a container may have {@code data} mounted
 * already. A crash before the naming leaves an empty volume; after it, the move is gone on with at
 * the next start.
 */
final class VolumeFilling {
    static final String DATA = "data";
    private static final String NEW = "new";
    private static final int PIPE = 256 * 1024;

    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Trash trash;
    private final LayerLimits limits;

    VolumeFilling(StorageKernel kernel, StoreFiles files, Trash trash, LayerLimits limits) {
        this.kernel = kernel;
        this.files = files;
        this.trash = trash;
        this.limits = limits;
    }

    /** Fills a volume with a directory of a stack; whether there was one and the volume empty. */
    boolean fill(Directory volume, LayerStack stack, String path) {
        try (var data = volume.descend(DATA)) {
            if (!data.names().isEmpty()) {
                return false;
            }
        }
        var fresh = files.fresh("volume").getFileName().toString();
        try (var tmp = Directory.open(kernel, files.tmp())) {
            kernel.mkdirat(tmp.fd(), fresh, 0700).orThrow("mkdirat %s", tmp.at(fresh));
            try (var copy = tmp.descend(fresh)) {
                if (!copy(stack, path, copy)) {
                    trash.discard(tmp, fresh);
                    return false;
                }
                kernel.syncfs(copy.fd()).orThrow("syncfs %s", copy.path());
            } catch (RuntimeException e) {
                trash.discard(tmp, fresh);
                throw e;
            }
            kernel.renameat2(tmp.fd(), fresh, volume.fd(), NEW, RENAME_NOREPLACE)
                    .orThrow("renameat2 %s to %s", tmp.at(fresh), volume.at(NEW));
        }
        finish(volume);
        return true;
    }

    /** Moves what is complete into its place; does nothing where there is nothing to move. */
    void finish(Directory volume) {
        var complete = volume.find(NEW);
        if (complete.isEmpty()) {
            return;
        }
        try (var from = complete.get();
                var to = volume.descend(DATA)) {
            var like = from.stat();
            for (var name : from.names()) {
                var moved = kernel.renameat2(from.fd(), name, to.fd(), name, RENAME_NOREPLACE);
                if (moved.errno() != Errno.EEXIST) { // else a container was faster: its file stays
                    moved.orThrow("renameat2 %s to %s", from.at(name), to.at(name));
                }
            }
            kernel.fchownat(
                            volume.fd(),
                            DATA,
                            Integer.toUnsignedLong(like.uid()),
                            Integer.toUnsignedLong(like.gid()))
                    .orThrow("fchownat %s", to.path());
            kernel.fchmod(to.fd(), like.permissions())
                    .orThrow("fchmod %s %o", to.path(), like.permissions());
            kernel.utimensat(to.fd(), ".", like.mtimeSeconds(), like.mtimeNanos())
                    .orThrow("utimensat %s", to.path());
        }
        var removed = kernel.unlinkat(volume.fd(), NEW, AT_REMOVEDIR);
        if (removed.errno() == Errno.ENOTEMPTY) {
            trash.discard(volume, NEW);
        } else {
            removed.orThrow("unlinkat %s", volume.at(NEW));
        }
    }

    /** By way of an archive, which brings everything that a layer may have, and its limits. */
    private boolean copy(LayerStack stack, String path, Directory to) {
        try {
            var in = new PipedInputStream(PIPE);
            var out = new PipedOutputStream(in);
            var packed = new CompletableFuture<Boolean>();
            Thread.ofPlatform()
                    .daemon()
                    .name("volume-fill")
                    .start(() -> pack(stack, path, out, packed));
            try (in) {
                LayerUnpacker.unpack(in, to, limits, directory -> Optional.empty());
            } catch (IOException | RuntimeException e) {
                // The pipe is closed, so the packer ends. What it stumbled over, if it did, says
                // more
                // than that the archive is cut.
                if (packed.handle((there, failure) -> failure).join() instanceof FaultException f) {
                    throw f;
                }
                throw e;
            }
            return packed.join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private static void pack(
            LayerStack stack, String path, PipedOutputStream out, CompletableFuture<Boolean> done) {
        try (out) {
            done.complete(TreePacker.pack(stack, path, out));
        } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
        }
    }
}
