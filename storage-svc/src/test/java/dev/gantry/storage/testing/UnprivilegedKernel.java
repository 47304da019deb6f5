package dev.gantry.storage.testing;

import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.kernel.StorageKernel;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The real kernel for tests without root: a change of owner is recorded and taken for done, all
 * else is carried out.
 */
public final class UnprivilegedKernel implements StorageKernel {
    private static final SyscallResult OK = new SyscallResult(0, 0);
    private final StorageKernel kernel = new LinuxStorageKernel();

    /** What the next syncfs fails with, once; 0 if it does not. */
    public final AtomicInteger syncfsErrno = new AtomicInteger();

    /** {@code name uid:gid} of each change of owner. */
    public final List<String> owners = new CopyOnWriteArrayList<>();

    @Override
    public SyscallResult fchownat(int dirfd, String name, long uid, long gid) {
        owners.add(name + " " + uid + ":" + gid);
        return OK;
    }

    @Override
    public SyscallResult openat2(int dirfd, String path, int flags, int mode, int resolve) {
        return kernel.openat2(dirfd, path, flags, mode, resolve);
    }

    @Override
    public SyscallResult reopen(int fd, int flags) {
        return kernel.reopen(fd, flags);
    }

    @Override
    public SyscallResult close(int fd) {
        return kernel.close(fd);
    }

    @Override
    public SyscallResult read(int fd, byte[] buffer, int offset, int length) {
        return kernel.read(fd, buffer, offset, length);
    }

    @Override
    public SyscallResult pwrite(int fd, byte[] buffer, int offset, int length, long position) {
        return kernel.pwrite(fd, buffer, offset, length, position);
    }

    @Override
    public SyscallResult lseek(int fd, long offset, int whence) {
        return kernel.lseek(fd, offset, whence);
    }

    @Override
    public SyscallResult ficlone(int to, int from) {
        return kernel.ficlone(to, from);
    }

    @Override
    public SyscallResult copyFileRange(int from, int to, long offset, long length) {
        return kernel.copyFileRange(from, to, offset, length);
    }

    @Override
    public SyscallResult subvolumeCreate(int dirfd, String name) {
        return kernel.subvolumeCreate(dirfd, name);
    }

    @Override
    public SyscallResult subvolumeSnapshot(int subvolume, int dirfd, String name) {
        return kernel.subvolumeSnapshot(subvolume, dirfd, name);
    }

    @Override
    public SyscallResult ftruncate(int fd, long length) {
        return kernel.ftruncate(fd, length);
    }

    @Override
    public SyscallResult fsync(int fd) {
        return kernel.fsync(fd);
    }

    @Override
    public SyscallResult syncfs(int fd) {
        int errno = syncfsErrno.getAndSet(0);
        return errno == 0 ? OK : new SyscallResult(-1, errno);
    }

    @Override
    public SyscallResult markTopDirectory(int fd) {
        return kernel.markTopDirectory(fd);
    }

    @Override
    public SyscallResult fstatfs(int fd) {
        return kernel.fstatfs(fd);
    }

    @Override
    public SyscallResult mkdirat(int dirfd, String name, int mode) {
        return kernel.mkdirat(dirfd, name, mode);
    }

    @Override
    public SyscallResult mkfifoat(int dirfd, String name, int mode) {
        return kernel.mkfifoat(dirfd, name, mode);
    }

    @Override
    public SyscallResult whiteout(int dirfd, String name) {
        return kernel.whiteout(dirfd, name);
    }

    @Override
    public SyscallResult symlinkat(String target, int dirfd, String name) {
        return kernel.symlinkat(target, dirfd, name);
    }

    @Override
    public SyscallResult linkat(int oldDirfd, String oldName, int newDirfd, String newName) {
        return kernel.linkat(oldDirfd, oldName, newDirfd, newName);
    }

    @Override
    public SyscallResult unlinkat(int dirfd, String name, int flags) {
        return kernel.unlinkat(dirfd, name, flags);
    }

    @Override
    public SyscallResult renameat2(
            int oldDirfd, String oldName, int newDirfd, String newName, int flags) {
        return kernel.renameat2(oldDirfd, oldName, newDirfd, newName, flags);
    }

    @Override
    public SyscallResult fchmodat(int dirfd, String name, int mode) {
        return kernel.fchmodat(dirfd, name, mode);
    }

    @Override
    public SyscallResult fchmod(int fd, int mode) {
        return kernel.fchmod(fd, mode);
    }

    @Override
    public SyscallResult utimensat(int dirfd, String name, long seconds, int nanos) {
        return kernel.utimensat(dirfd, name, seconds, nanos);
    }

    @Override
    public SyscallResult lsetxattr(int dirfd, String name, String attribute, byte[] value) {
        return kernel.lsetxattr(dirfd, name, attribute, value);
    }

    @Override
    public Answer<byte[]> lgetxattr(int dirfd, String name, String attribute) {
        return kernel.lgetxattr(dirfd, name, attribute);
    }

    @Override
    public Answer<List<String>> llistxattr(int dirfd, String name) {
        return kernel.llistxattr(dirfd, name);
    }

    @Override
    public Answer<FileStat> statx(int dirfd, String name) {
        return kernel.statx(dirfd, name);
    }

    @Override
    public Answer<String> readlinkat(int dirfd, String name) {
        return kernel.readlinkat(dirfd, name);
    }

    @Override
    public Answer<List<String>> getdents64(int fd) {
        return kernel.getdents64(fd);
    }
}
