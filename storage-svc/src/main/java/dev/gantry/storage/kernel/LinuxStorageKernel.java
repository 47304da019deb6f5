package dev.gantry.storage.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** {@link StorageKernel} by libc through the foreign function interface. */
public final class LinuxStorageKernel implements StorageKernel {
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final long SYS_OPENAT2 = 437;
    private static final int STATX_BASIC = 0x7ff;
    private static final long UTIME_OMIT = (1L << 30) - 2;
    private static final int ENTRIES = 32 * 1024;
    private static final int XATTR_MAX = 64 * 1024;

    private static final long FICLONE = 0x40049409L;
    private static final long SUBVOLUME_CREATE = 0x5000940eL;
    private static final long SUBVOLUME_SNAPSHOT = 0x50009417L;
    private static final int SUBVOLUME_SIZE = 4096;
    private static final long GETFLAGS = 0x80086601L;
    private static final long SETFLAGS = 0x40086602L;
    private static final int TOPDIR_FL = 0x00020000;

    private final TransferBuffers transfers = new TransferBuffers();

    private static final MethodHandle SYSCALL =
            Libc.variadic("syscall", of(JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG), 1);
    private static final MethodHandle OPEN =
            Libc.variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), 2);
    private static final MethodHandle READ = transfer("read");
    private static final MethodHandle PWRITE =
            long_("pwrite", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LSEEK = long_("lseek", JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final MethodHandle COPY =
            long_("copy_file_range", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle IOCTL =
            Libc.variadic(
                    "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), 2);
    private static final MethodHandle FTRUNCATE = call("ftruncate", JAVA_INT, JAVA_LONG);
    private static final MethodHandle FSYNC = call("fsync", JAVA_INT);
    private static final MethodHandle SYNCFS = call("syncfs", JAVA_INT);
    private static final MethodHandle FSTATFS = call("fstatfs", JAVA_INT, ADDRESS);
    private static final MethodHandle MKDIRAT = call("mkdirat", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle MKNODAT =
            call("mknodat", JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG);
    private static final MethodHandle SYMLINKAT = call("symlinkat", ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle LINKAT =
            call("linkat", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle UNLINKAT = call("unlinkat", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle RENAMEAT2 =
            call("renameat2", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle FCHOWNAT =
            call("fchownat", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCHMODAT =
            call("fchmodat", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle FCHMOD = call("fchmod", JAVA_INT, JAVA_INT);
    private static final MethodHandle UTIMENSAT =
            call("utimensat", JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
    private static final MethodHandle LSETXATTR =
            call("lsetxattr", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT);
    private static final MethodHandle LGETXATTR =
            long_("lgetxattr", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle LLISTXATTR = long_("llistxattr", ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle STATX =
            call("statx", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle READLINKAT =
            long_("readlinkat", JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle GETDENTS64 =
            long_("getdents64", JAVA_INT, ADDRESS, JAVA_LONG);

    private static FunctionDescriptor of(MemoryLayout... arguments) {
        return FunctionDescriptor.of(JAVA_LONG, arguments);
    }

    private static MethodHandle call(String name, MemoryLayout... arguments) {
        return Libc.function(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static MethodHandle long_(String name, MemoryLayout... arguments) {
        return Libc.function(name, of(arguments));
    }

    private static MethodHandle transfer(String name) {
        return long_(name, JAVA_INT, ADDRESS, JAVA_LONG);
    }

    private static MemorySegment raw(Arena arena, String name) {
        return arena.allocateFrom(name, StandardCharsets.ISO_8859_1);
    }

    private static MemorySegment through(Arena arena, int dirfd, String name) {
        return raw(arena, "/proc/self/fd/" + dirfd + "/" + name);
    }

    @Override
    public SyscallResult openat2(int dirfd, String path, int flags, int mode, int resolve) {
        return Libc.call(
                (errno, arena) -> {
                    var how = arena.allocate(24, 8);
                    how.set(JAVA_LONG, 0, Integer.toUnsignedLong(flags | O_CLOEXEC));
                    how.set(JAVA_LONG, 8, mode);
                    how.set(JAVA_LONG, 16, resolve);
                    return (long)
                            SYSCALL.invokeExact(
                                    errno, SYS_OPENAT2, dirfd, raw(arena, path), how, 24L);
                });
    }

    @Override
    public SyscallResult reopen(int fd, int flags) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                OPEN.invokeExact(
                                        errno,
                                        raw(arena, "/proc/self/fd/" + fd),
                                        flags | O_CLOEXEC,
                                        0));
    }

    @Override
    public SyscallResult close(int fd) {
        return Libc.close(fd);
    }

    @Override
    public SyscallResult read(int fd, byte[] buffer, int offset, int length) {
        var bytes = transfers.take();
        long wanted = Math.min(length, bytes.byteSize());
        var result = Libc.call((errno, arena) -> (long) READ.invokeExact(errno, fd, bytes, wanted));
        if (result.value() > 0) {
            MemorySegment.copy(bytes, JAVA_BYTE, 0, buffer, offset, (int) result.value());
        }
        transfers.giveBack(bytes);
        return result;
    }

    @Override
    public SyscallResult pwrite(int fd, byte[] buffer, int offset, int length, long position) {
        var bytes = transfers.take();
        int count = (int) Math.min(length, bytes.byteSize());
        MemorySegment.copy(buffer, offset, bytes, JAVA_BYTE, 0, count);
        var result =
                Libc.call(
                        (errno, arena) ->
                                (long)
                                        PWRITE.invokeExact(
                                                errno, fd, bytes, (long) count, position));
        transfers.giveBack(bytes);
        return result;
    }

    @Override
    public SyscallResult lseek(int fd, long offset, int whence) {
        return Libc.call((errno, arena) -> (long) LSEEK.invokeExact(errno, fd, offset, whence));
    }

    @Override
    public SyscallResult ficlone(int to, int from) {
        return Libc.call(
                (errno, arena) ->
                        (int) IOCTL.invokeExact(errno, to, FICLONE, MemorySegment.ofAddress(from)));
    }

    @Override
    public SyscallResult copyFileRange(int from, int to, long offset, long length) {
        return Libc.call(
                (errno, arena) -> {
                    var in = arena.allocateFrom(JAVA_LONG, offset);
                    var out = arena.allocateFrom(JAVA_LONG, offset);
                    return (long) COPY.invokeExact(errno, from, in, to, out, length, 0);
                });
    }

    @Override
    public SyscallResult subvolumeCreate(int dirfd, String name) {
        return Libc.call(
                (errno, arena) -> {
                    var volume = arena.allocate(SUBVOLUME_SIZE, 8);
                    volume.setString(8, name, StandardCharsets.ISO_8859_1);
                    return (int) IOCTL.invokeExact(errno, dirfd, SUBVOLUME_CREATE, volume);
                });
    }

    @Override
    public SyscallResult subvolumeSnapshot(int subvolume, int dirfd, String name) {
        return Libc.call(
                (errno, arena) -> {
                    // struct btrfs_ioctl_vol_args_v2: fd, transid, flags, four unused, name.
                    var volume = arena.allocate(SUBVOLUME_SIZE, 8);
                    volume.set(JAVA_LONG, 0, subvolume);
                    volume.setString(56, name, StandardCharsets.ISO_8859_1);
                    return (int) IOCTL.invokeExact(errno, dirfd, SUBVOLUME_SNAPSHOT, volume);
                });
    }

    @Override
    public SyscallResult ftruncate(int fd, long length) {
        return Libc.call((errno, arena) -> (int) FTRUNCATE.invokeExact(errno, fd, length));
    }

    @Override
    public SyscallResult fsync(int fd) {
        return Libc.call((errno, arena) -> (int) FSYNC.invokeExact(errno, fd));
    }

    @Override
    public SyscallResult syncfs(int fd) {
        return Libc.call((errno, arena) -> (int) SYNCFS.invokeExact(errno, fd));
    }

    @Override
    public SyscallResult markTopDirectory(int fd) {
        return Libc.call(
                (errno, arena) -> {
                    // Their numbers say long, the kernel reads and writes an int.
                    var flags = arena.allocate(JAVA_LONG);
                    int got = (int) IOCTL.invokeExact(errno, fd, GETFLAGS, flags);
                    if (got < 0) {
                        return got;
                    }
                    flags.set(JAVA_INT, 0, flags.get(JAVA_INT, 0) | TOPDIR_FL);
                    return (int) IOCTL.invokeExact(errno, fd, SETFLAGS, flags);
                });
    }

    @Override
    public SyscallResult fstatfs(int fd) {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(256, 8);
            var result =
                    Libc.call(arena, (errno, a) -> (int) FSTATFS.invokeExact(errno, fd, buffer));
            return result.failed()
                    ? result
                    : new SyscallResult(buffer.get(JAVA_LONG, 0) & 0xffffffffL, 0);
        }
    }

    @Override
    public SyscallResult mkdirat(int dirfd, String name, int mode) {
        return Libc.call(
                (errno, arena) -> (int) MKDIRAT.invokeExact(errno, dirfd, raw(arena, name), mode));
    }

    @Override
    public SyscallResult mkfifoat(int dirfd, String name, int mode) {
        return mknod(dirfd, name, FileStat.FIFO | mode);
    }

    @Override
    public SyscallResult whiteout(int dirfd, String name) {
        return mknod(dirfd, name, FileStat.CHARACTER);
    }

    private static SyscallResult mknod(int dirfd, String name, int mode) {
        return Libc.call(
                (errno, arena) ->
                        (int) MKNODAT.invokeExact(errno, dirfd, raw(arena, name), mode, 0L));
    }

    @Override
    public SyscallResult symlinkat(String target, int dirfd, String name) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                SYMLINKAT.invokeExact(
                                        errno, raw(arena, target), dirfd, raw(arena, name)));
    }

    @Override
    public SyscallResult linkat(int oldDirfd, String oldName, int newDirfd, String newName) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                LINKAT.invokeExact(
                                        errno,
                                        oldDirfd,
                                        raw(arena, oldName),
                                        newDirfd,
                                        raw(arena, newName),
                                        0));
    }

    @Override
    public SyscallResult unlinkat(int dirfd, String name, int flags) {
        return Libc.call(
                (errno, arena) ->
                        (int) UNLINKAT.invokeExact(errno, dirfd, raw(arena, name), flags));
    }

    @Override
    public SyscallResult renameat2(
            int oldDirfd, String oldName, int newDirfd, String newName, int flags) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                RENAMEAT2.invokeExact(
                                        errno,
                                        oldDirfd,
                                        raw(arena, oldName),
                                        newDirfd,
                                        raw(arena, newName),
                                        flags));
    }

    @Override
    public SyscallResult fchownat(int dirfd, String name, long uid, long gid) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                FCHOWNAT.invokeExact(
                                        errno,
                                        dirfd,
                                        raw(arena, name),
                                        (int) uid,
                                        (int) gid,
                                        AT_SYMLINK_NOFOLLOW));
    }

    @Override
    public SyscallResult fchmodat(int dirfd, String name, int mode) {
        return Libc.call(
                (errno, arena) ->
                        (int) FCHMODAT.invokeExact(errno, dirfd, raw(arena, name), mode, 0));
    }

    @Override
    public SyscallResult fchmod(int fd, int mode) {
        return Libc.call((errno, arena) -> (int) FCHMOD.invokeExact(errno, fd, mode));
    }

    @Override
    public SyscallResult utimensat(int dirfd, String name, long seconds, int nanos) {
        return Libc.call(
                (errno, arena) -> {
                    var times = arena.allocate(32, 8);
                    times.set(JAVA_LONG, 8, UTIME_OMIT);
                    times.set(JAVA_LONG, 16, seconds);
                    times.set(JAVA_LONG, 24, nanos);
                    return (int)
                            UTIMENSAT.invokeExact(
                                    errno, dirfd, raw(arena, name), times, AT_SYMLINK_NOFOLLOW);
                });
    }

    @Override
    public SyscallResult lsetxattr(int dirfd, String name, String attribute, byte[] value) {
        return Libc.call(
                (errno, arena) -> {
                    var bytes = arena.allocate(Math.max(1, value.length));
                    MemorySegment.copy(value, 0, bytes, JAVA_BYTE, 0, value.length);
                    return (int)
                            LSETXATTR.invokeExact(
                                    errno,
                                    through(arena, dirfd, name),
                                    raw(arena, attribute),
                                    bytes,
                                    (long) value.length,
                                    0);
                });
    }

    @Override
    public Answer<byte[]> lgetxattr(int dirfd, String name, String attribute) {
        try (var arena = Arena.ofConfined()) {
            var value = transfers.take();
            var result =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (long)
                                            LGETXATTR.invokeExact(
                                                    errno,
                                                    through(arena, dirfd, name),
                                                    raw(arena, attribute),
                                                    value,
                                                    (long) XATTR_MAX));
            var content = bytes(value, result);
            transfers.giveBack(value);
            return new Answer<>(result, content);
        }
    }

    @Override
    public Answer<List<String>> llistxattr(int dirfd, String name) {
        try (var arena = Arena.ofConfined()) {
            var list = arena.allocate(XATTR_MAX);
            var result =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (long)
                                            LLISTXATTR.invokeExact(
                                                    errno,
                                                    through(arena, dirfd, name),
                                                    list,
                                                    (long) XATTR_MAX));
            if (result.failed()) {
                return new Answer<>(result, null);
            }
            var names = Raw.of(bytes(list, result));
            return new Answer<>(result, names.isEmpty() ? List.of() : List.of(names.split("\0")));
        }
    }

    private static byte[] bytes(MemorySegment segment, SyscallResult length) {
        return length.failed() ? null : segment.asSlice(0, length.value()).toArray(JAVA_BYTE);
    }

    @Override
    public Answer<FileStat> statx(int dirfd, String name) {
        try (var arena = Arena.ofConfined()) {
            var stx = arena.allocate(256, 8);
            var flags = AT_SYMLINK_NOFOLLOW | (name.isEmpty() ? AT_EMPTY_PATH : 0);
            var result =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (int)
                                            STATX.invokeExact(
                                                    errno,
                                                    dirfd,
                                                    raw(arena, name),
                                                    flags,
                                                    STATX_BASIC,
                                                    stx));
            return new Answer<>(result, result.failed() ? null : stat(stx));
        }
    }

    /** struct statx, statx(2). */
    private static FileStat stat(MemorySegment stx) {
        return new FileStat(
                Short.toUnsignedInt(stx.get(JAVA_SHORT, 28)),
                stx.get(JAVA_INT, 20),
                stx.get(JAVA_INT, 24),
                stx.get(JAVA_LONG, 40),
                stx.get(JAVA_LONG, 48),
                Integer.toUnsignedLong(stx.get(JAVA_INT, 16)),
                stx.get(JAVA_LONG, 32),
                device(stx, 136),
                device(stx, 128),
                stx.get(JAVA_LONG, 112),
                stx.get(JAVA_INT, 120));
    }

    private static long device(MemorySegment stx, long offset) {
        return Integer.toUnsignedLong(stx.get(JAVA_INT, offset)) << 32
                | Integer.toUnsignedLong(stx.get(JAVA_INT, offset + 4));
    }

    @Override
    public Answer<String> readlinkat(int dirfd, String name) {
        try (var arena = Arena.ofConfined()) {
            var target = arena.allocate(4096);
            var result =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (long)
                                            READLINKAT.invokeExact(
                                                    errno, dirfd, raw(arena, name), target, 4096L));
            return new Answer<>(result, result.failed() ? null : Raw.of(bytes(target, result)));
        }
    }

    @Override
    public Answer<List<String>> getdents64(int fd) {
        try (var arena = Arena.ofConfined()) {
            var buffer = arena.allocate(ENTRIES, 8);
            var result =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (long)
                                            GETDENTS64.invokeExact(
                                                    errno, fd, buffer, (long) ENTRIES));
            var names = new ArrayList<String>();
            for (long at = 0; at < result.value(); ) {
                var length = Short.toUnsignedInt(buffer.get(JAVA_SHORT, at + 16));
                // struct linux_dirent64: the name begins after d_ino, d_off, d_reclen and d_type.
                var name = buffer.getString(at + 19, StandardCharsets.ISO_8859_1);
                if (!name.equals(".") && !name.equals("..")) {
                    names.add(name);
                }
                at += length;
            }
            return new Answer<>(result, names);
        }
    }
}
