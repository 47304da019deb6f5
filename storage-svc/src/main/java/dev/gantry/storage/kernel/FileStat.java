package dev.gantry.storage.kernel;

/**
 * What statx(2) says of a file.
 *
 * @param mode type and permission bits
 * @param rdev major and minor of a device node, as {@code major << 32 | minor}
 * @param dev of the file system, likewise
 */
public record FileStat(
        int mode,
        int uid,
        int gid,
        long size,
        long blocks,
        long links,
        long inode,
        long dev,
        long rdev,
        long mtimeSeconds,
        int mtimeNanos) {
    public static final int TYPE = 0xf000;
    public static final int FIFO = 0x1000;
    public static final int CHARACTER = 0x2000;
    public static final int DIRECTORY = 0x4000;
    public static final int BLOCK = 0x6000;
    public static final int REGULAR = 0x8000;
    public static final int SYMLINK = 0xa000;
    public static final int SOCKET = 0xc000;

    /** The type bits alone. */
    public int type() {
        return mode & TYPE;
    }

    /** The permission bits with setuid, setgid and sticky. */
    public int permissions() {
        return mode & 07777;
    }

    /** Whether it is a directory. */
    public boolean isDirectory() {
        return type() == DIRECTORY;
    }

    /** Whether it is a regular file. */
    public boolean isRegular() {
        return type() == REGULAR;
    }

    /** Whether it is a symbolic link. */
    public boolean isSymlink() {
        return type() == SYMLINK;
    }

    /** Whether it is overlayfs' mark of a deleted name: a character device 0:0. */
    public boolean isWhiteout() {
        return type() == CHARACTER && rdev == 0;
    }
}
