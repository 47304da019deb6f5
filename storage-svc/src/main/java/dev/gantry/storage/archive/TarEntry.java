package dev.gantry.storage.archive;

import java.util.SortedMap;

/**
 * A header of a tar archive, with what PAX and GNU extensions say of it.
 *
 * @param name raw (see {@code Raw}), as it stands in the archive
 * @param link raw target of a link; empty otherwise
 * @param mode permission bits
 * @param size of a file, with the holes of a sparse one
 * @param xattrs by name; values are bytes
 */
public record TarEntry(
        String name,
        Type type,
        String link,
        int mode,
        long uid,
        long gid,
        long size,
        long mtimeSeconds,
        int mtimeNanos,
        long deviceMajor,
        long deviceMinor,
        SortedMap<String, byte[]> xattrs) {

    /** What an entry is. */
    public enum Type {
        FILE,
        HARDLINK,
        SYMLINK,
        CHARACTER,
        BLOCK,
        DIRECTORY,
        FIFO
    }

    /** This entry with another type, link and attributes; only a file has data. */
    TarEntry with(Type type, String link, SortedMap<String, byte[]> xattrs) {
        return new TarEntry(
                name,
                type,
                link,
                mode,
                uid,
                gid,
                type == Type.FILE ? size : 0,
                mtimeSeconds,
                mtimeNanos,
                deviceMajor,
                deviceMinor,
                xattrs);
    }

    /** This entry with another size. */
    TarEntry sized(long size) {
        return new TarEntry(
                name,
                type,
                link,
                mode,
                uid,
                gid,
                size,
                mtimeSeconds,
                mtimeNanos,
                deviceMajor,
                deviceMinor,
                xattrs);
    }

    /** This entry with another modification time, in seconds since the Unix epoch. */
    TarEntry at(long seconds) {
        return new TarEntry(
                name,
                type,
                link,
                mode,
                uid,
                gid,
                size,
                seconds,
                0,
                deviceMajor,
                deviceMinor,
                xattrs);
    }
}
