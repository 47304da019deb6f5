package dev.gantry.storage.kernel;

import dev.gantry.bus.linux.SyscallResult;

import java.util.List;

/**
 * Every kernel call that storage-svc makes on trees it does not trust (layers, containers' writable
 * directories, trees to import), by its name in the manual. There is no mount, no chroot, no exec
 * and no mknod of a device among them: the only nodes made are FIFOs and overlayfs' whiteouts,
 * which need no CAP_MKNOD (Linux 5.8).
 *
 * <p>Names are {@link Raw}. A name beside a {@code dirfd} is a single component except in {@link
 * #openat2}; none follows a symbolic link in its last component except {@link #fchmodat}, which is
 * called on what is known to be none.
 */
public interface StorageKernel {
    int AT_FDCWD = -100;
    int AT_REMOVEDIR = 0x200;

    int O_RDONLY = 0;
    int O_WRONLY = 1;
    int O_CREAT = 0x40;
    int O_EXCL = 0x80;
    int O_NOCTTY = 0x100;
    int O_NONBLOCK = 0x800;
    int O_CLOEXEC = 0x80000;
    int O_PATH = 0x200000;

    /** O_DIRECTORY; x86_64 and aarch64 differ. */
    int O_DIRECTORY = Architecture.isArm() ? 0x4000 : 0x10000;

    /** O_NOFOLLOW; x86_64 and aarch64 differ. */
    int O_NOFOLLOW = Architecture.isArm() ? 0x8000 : 0x20000;

    int RESOLVE_NO_XDEV = 1;
    int RESOLVE_NO_MAGICLINKS = 2;
    int RESOLVE_NO_SYMLINKS = 4;
    int RESOLVE_BENEATH = 8;

    int SEEK_SET = 0;
    int SEEK_DATA = 3;
    int SEEK_HOLE = 4;

    int RENAME_NOREPLACE = 1;
    int RENAME_EXCHANGE = 2;

    /** openat2(2), always O_CLOEXEC: a descriptor. */
    SyscallResult openat2(int dirfd, String path, int flags, int mode, int resolve);

    /** open(2) of {@code /proc/self/fd/N}: the same file with other rights; always O_CLOEXEC. */
    SyscallResult reopen(int fd, int flags);

    /** close(2). */
    SyscallResult close(int fd);

    /** read(2); it may read less than there is. */
    SyscallResult read(int fd, byte[] buffer, int offset, int length);

    /** pwrite(2): at {@code position} of the file, perhaps less than all; gaps are holes. */
    SyscallResult pwrite(int fd, byte[] buffer, int offset, int length, long position);

    /** lseek(2). */
    SyscallResult lseek(int fd, long offset, int whence);

    /** ioctl_ficlone(2): all of a file, its blocks shared. */
    SyscallResult ficlone(int to, int from);

    /** copy_file_range(2), to and from the same offset. */
    SyscallResult copyFileRange(int from, int to, long offset, long length);

    /** ioctl BTRFS_IOC_SUBVOL_CREATE: an empty subvolume (btrfs-ioctl(2)); its owner's right. */
    SyscallResult subvolumeCreate(int dirfd, String name);

    /** ioctl BTRFS_IOC_SNAP_CREATE_V2: a writable snapshot of an open subvolume. */
    SyscallResult subvolumeSnapshot(int subvolume, int dirfd, String name);

    /** ftruncate(2): a hole up to {@code length}. */
    SyscallResult ftruncate(int fd, long length);

    /** fsync(2). */
    SyscallResult fsync(int fd);

    /** syncfs(2). */
    SyscallResult syncfs(int fd);

    /**
     * ioctl_iflags(2): adds FS_TOPDIR_FL to a directory of the caller's own. ext4 then places each
     * directory made in it as one that is not related to the others.
     */
    SyscallResult markTopDirectory(int fd);

    /** statfs(2): the file system's magic number. */
    SyscallResult fstatfs(int fd);

    /** mkdirat(2). */
    SyscallResult mkdirat(int dirfd, String name, int mode);

    /** mkfifoat(3). */
    SyscallResult mkfifoat(int dirfd, String name, int mode);

    /** mknodat(2) of a character device 0:0. */
    SyscallResult whiteout(int dirfd, String name);

    /** symlinkat(2). */
    SyscallResult symlinkat(String target, int dirfd, String name);

    /** linkat(2) without AT_SYMLINK_FOLLOW. */
    SyscallResult linkat(int oldDirfd, String oldName, int newDirfd, String newName);

    /** unlinkat(2); flags 0 or AT_REMOVEDIR. */
    SyscallResult unlinkat(int dirfd, String name, int flags);

    /** renameat2(2). */
    SyscallResult renameat2(int oldDirfd, String oldName, int newDirfd, String newName, int flags);

    /** fchownat(2), AT_SYMLINK_NOFOLLOW; ids are unsigned. */
    SyscallResult fchownat(int dirfd, String name, long uid, long gid);

    /** fchmodat(2); follows a link. */
    SyscallResult fchmodat(int dirfd, String name, int mode);

    /** fchmod(2). */
    SyscallResult fchmod(int fd, int mode);

    /** utimensat(2), AT_SYMLINK_NOFOLLOW: sets the modification time and leaves the other alone. */
    SyscallResult utimensat(int dirfd, String name, long seconds, int nanos);

    /** lsetxattr(2) through {@code /proc/self/fd/DIRFD/NAME}. */
    SyscallResult lsetxattr(int dirfd, String name, String attribute, byte[] value);

    /** lgetxattr(2) likewise; empty value and ENODATA where it is not set. */
    Answer<byte[]> lgetxattr(int dirfd, String name, String attribute);

    /** llistxattr(2) likewise. */
    Answer<List<String>> llistxattr(int dirfd, String name);

    /** statx(2), AT_SYMLINK_NOFOLLOW; an empty name is the descriptor itself. */
    Answer<FileStat> statx(int dirfd, String name);

    /** readlinkat(2). */
    Answer<String> readlinkat(int dirfd, String name);

    /** getdents64(2): the next names without {@code .} and {@code ..}; value 0 at the end. */
    Answer<List<String>> getdents64(int fd);

    /** A call's result and what it delivered; the content is null where it failed. */
    record Answer<T>(SyscallResult result, T content) {
        /** Whether it failed. */
        public boolean failed() {
            return result.failed();
        }

        /** The content; a fault that names the call if it failed. */
        public T orThrow(String format, Object... arguments) {
            result.orThrow(format, arguments);
            return content;
        }
    }
}
