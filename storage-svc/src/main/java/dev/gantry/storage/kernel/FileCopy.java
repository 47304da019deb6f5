package dev.gantry.storage.kernel;

import static dev.gantry.storage.kernel.StorageKernel.O_CREAT;
import static dev.gantry.storage.kernel.StorageKernel.O_EXCL;
import static dev.gantry.storage.kernel.StorageKernel.O_NOCTTY;
import static dev.gantry.storage.kernel.StorageKernel.O_NOFOLLOW;
import static dev.gantry.storage.kernel.StorageKernel.O_NONBLOCK;
import static dev.gantry.storage.kernel.StorageKernel.O_RDONLY;
import static dev.gantry.storage.kernel.StorageKernel.O_WRONLY;
import static dev.gantry.storage.kernel.StorageKernel.SEEK_DATA;
import static dev.gantry.storage.kernel.StorageKernel.SEEK_HOLE;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;

import java.util.Set;

/**
 * Copies what has a name, one thing at a time, following nothing: content with its holes, sharing
 * blocks where the file system can (FICLONE), owner, mode, users' attributes and capabilities,
 * time.
 */
public final class FileCopy {
    /** The file system, or the pair of them, cannot do it this way. */
    private static final Set<Integer> CANNOT =
            Set.of(Errno.EOPNOTSUPP, Errno.EXDEV, Errno.EINVAL, Errno.ENOTTY, Errno.ENOSYS);

    private FileCopy() {}

    /** Copies anything but a directory; devices and sockets are left out. */
    public static void node(Directory from, String name, FileStat stat, Directory to) {
        var kernel = from.kernel();
        switch (stat.type()) {
            case FileStat.REGULAR -> file(from, name, stat, to);
            case FileStat.SYMLINK -> {
                var target =
                        kernel.readlinkat(from.fd(), name).orThrow("readlinkat %s", from.at(name));
                kernel.symlinkat(target, to.fd(), name).orThrow("symlinkat %s", to.at(name));
            }
            case FileStat.FIFO ->
                    kernel.mkfifoat(to.fd(), name, 0600).orThrow("mkfifoat %s", to.at(name));
            default -> {
                return;
            }
        }
        attributes(from, name, stat, to, name);
    }

    /** Owner, mode, attributes and time of what is there already. */
    public static void attributes(
            Directory from, String name, FileStat stat, Directory to, String toName) {
        var kernel = from.kernel();
        long uid = Integer.toUnsignedLong(stat.uid());
        long gid = Integer.toUnsignedLong(stat.gid());
        kernel.fchownat(to.fd(), toName, uid, gid).orThrow("fchownat %s", to.at(toName));
        if (!stat.isSymlink()) {
            kernel.fchmodat(to.fd(), toName, stat.permissions())
                    .orThrow("fchmodat %s", to.at(toName));
            xattrs(from, name, to, toName);
        }
        kernel.utimensat(to.fd(), toName, stat.mtimeSeconds(), stat.mtimeNanos())
                .orThrow("utimensat %s", to.at(toName));
    }

    private static void xattrs(Directory from, String name, Directory to, String toName) {
        var kernel = from.kernel();
        var names = kernel.llistxattr(from.fd(), name);
        if (names.result().errno() == Errno.EOPNOTSUPP) {
            return;
        }
        for (var attribute : names.orThrow("listxattr %s", from.at(name))) {
            if (isKept(attribute)) {
                var value = kernel.lgetxattr(from.fd(), name, attribute);
                kernel.lsetxattr(
                                to.fd(),
                                toName,
                                attribute,
                                value.orThrow("getxattr %s %s", from.at(name), attribute))
                        .orThrow("setxattr %s %s", to.at(toName), attribute);
            }
        }
    }

    /** Capabilities and users' attributes; overlayfs' own mean nothing elsewhere. */
    public static boolean isKept(String attribute) {
        return attribute.equals("security.capability")
                || attribute.startsWith("user.") && !attribute.startsWith("user.overlay.");
    }

    private static void file(Directory from, String name, FileStat stat, Directory to) {
        var kernel = from.kernel();
        int reading = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
        int source =
                (int)
                        kernel.openat2(from.fd(), name, reading, 0, Directory.BENEATH)
                                .orThrow("openat2 %s", from.at(name));
        try {
            var opened = kernel.statx(source, "").orThrow("statx %s", from.at(name));
            if (opened.inode() != stat.inode() || opened.dev() != stat.dev()) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "%s changed while it was read",
                        from.at(name));
            }
            int writing = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
            int target =
                    (int)
                            kernel.openat2(to.fd(), name, writing, 0600, Directory.BENEATH)
                                    .orThrow("openat2 %s", to.at(name));
            try {
                content(kernel, source, target, stat.size(), to.at(name));
            } finally {
                kernel.close(target);
            }
        } finally {
            kernel.close(source);
        }
    }

    private static void content(
            StorageKernel kernel, int source, int target, long size, String what) {
        if (size == 0) {
            return;
        }
        var cloned = kernel.ficlone(target, source);
        if (!cloned.failed()) {
            return;
        }
        if (!CANNOT.contains(cloned.errno())) {
            cloned.orThrow("ioctl FICLONE %s", what);
        }
        for (long at = 0; at < size; ) {
            var data = kernel.lseek(source, at, SEEK_DATA);
            if (data.errno() == Errno.ENXIO) {
                break; // Only a hole is left.
            }
            long begin = data.orThrow("lseek SEEK_DATA, to copy to %s", what);
            long end =
                    kernel.lseek(source, begin, SEEK_HOLE)
                            .orThrow("lseek SEEK_HOLE, to copy to %s", what);
            range(kernel, source, target, begin, Math.min(end, size), what);
            at = end;
        }
        kernel.ftruncate(target, size).orThrow("ftruncate %s %d", what, size);
    }

    private static void range(
            StorageKernel kernel, int source, int target, long begin, long end, String what) {
        for (long at = begin; at < end; ) {
            var copied = kernel.copyFileRange(source, target, at, end - at);
            if (copied.failed() && CANNOT.contains(copied.errno())) {
                copied = throughMemory(kernel, source, target, at, end - at, what);
            }
            long count = copied.orThrow("copy_file_range %s", what);
            if (count == 0) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION, "%s: its source was cut meanwhile", what);
            }
            at += count;
        }
    }

    private static SyscallResult throughMemory(
            StorageKernel kernel, int source, int target, long at, long length, String what) {
        kernel.lseek(source, at, StorageKernel.SEEK_SET).orThrow("lseek, to copy to %s", what);
        var buffer = new byte[64 * 1024];
        int count =
                (int)
                        kernel.read(source, buffer, 0, (int) Math.min(buffer.length, length))
                                .orThrow("read, to copy to %s", what);
        return count == 0 ? new SyscallResult(0, 0) : kernel.pwrite(target, buffer, 0, count, at);
    }
}
