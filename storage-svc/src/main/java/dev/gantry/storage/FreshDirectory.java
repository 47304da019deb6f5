package dev.gantry.storage;

import static dev.gantry.storage.kernel.StorageKernel.RENAME_NOREPLACE;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Directories that get their name when they are whole, or never. */
final class FreshDirectory {
    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Trash trash;
    private final Directory tmp;

    FreshDirectory(StorageKernel kernel, StoreFiles files, Trash trash, Directory tmp) {
        this.kernel = kernel;
        this.files = files;
        this.trash = trash;
        this.tmp = tmp;
    }

    /**
     * Makes one, mode 0700; false if somebody else has made it meanwhile.
     *
     * @param path where it will be, for the plan
     * @param fill puts into it what it has
     */
    boolean make(Steps steps, Directory in, String name, Path path, Consumer<Directory> fill) {
        var fresh = files.fresh("snapshot").getFileName().toString();
        try {
            mkdir(steps, path, () -> kernel.mkdirat(tmp.fd(), fresh, 0700));
            try (var directory = tmp.descend(fresh)) {
                fill.accept(directory);
            }
            var named = kernel.renameat2(tmp.fd(), fresh, in.fd(), name, RENAME_NOREPLACE);
            if (named.errno() == Errno.EEXIST) {
                trash.discard(tmp, fresh);
                return false;
            }
            named.orThrow("renameat2 %s to %s", tmp.at(fresh), path);
            return true;
        } catch (FaultException e) {
            trash.discard(tmp, fresh);
            throw e;
        }
    }

    /** Says how it would be made. */
    void plan(Steps steps, Path path, Consumer<Directory> fill) {
        mkdir(
                steps,
                path,
                () -> {
                    throw new IllegalStateException("only planned");
                });
        fill.accept(tmp);
    }

    private static void mkdir(Steps steps, Path path, Supplier<SyscallResult> call) {
        steps.run(
                "mkdir",
                path + " 0700",
                "install -d -m 0700 " + Steps.quote(path.toString()),
                call);
    }
}
