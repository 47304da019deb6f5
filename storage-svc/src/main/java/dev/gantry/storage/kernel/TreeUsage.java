package dev.gantry.storage.kernel;

import java.util.HashSet;
import java.util.Set;

/**
 * What a tree takes of the disk, by descriptors, following nothing. It may change meanwhile: what
 * has gone does not count.
 */
public final class TreeUsage {
    private static final int MAX_DEPTH = 250;

    /** Each is remembered, to count it once: this bounds the heap. */
    private static final int MAX_LINKS = 200_000;

    private static final int BLOCK = 512;

    private final Set<Long> links = new HashSet<>();
    private long bytes;
    private long files;
    private boolean complete = true;

    private TreeUsage() {}

    /**
     * What it came to.
     *
     * @param bytes of blocks
     * @param files names below the directory
     * @param complete false if it was too deep, or had too many hard links
     */
    public record Sum(long bytes, long files, boolean complete) {}

    /** Walks through a directory; itself it does not count. */
    public static Sum of(Directory directory) {
        var usage = new TreeUsage();
        usage.walk(directory, 0);
        return new Sum(usage.bytes, usage.files, usage.complete);
    }

    private void walk(Directory directory, int depth) {
        // In batches: a container may have put millions of names into one directory.
        for (var batch = directory.batch(); !batch.isEmpty(); batch = directory.batch()) {
            for (var name : batch) {
                directory.stat(name).ifPresent(stat -> count(directory, name, stat, depth));
            }
        }
    }

    private void count(Directory in, String name, FileStat stat, int depth) {
        files++;
        if (!stat.isDirectory()) {
            if (stat.links() > 1 && !first(stat.inode())) {
                return;
            }
            bytes += stat.blocks() * BLOCK;
            return;
        }
        bytes += stat.blocks() * BLOCK;
        if (depth == MAX_DEPTH) {
            complete = false;
            return;
        }
        in.find(name)
                .ifPresent(
                        below -> {
                            try (below) {
                                walk(below, depth + 1);
                            }
                        });
    }

    private boolean first(long inode) {
        if (links.size() == MAX_LINKS) {
            complete = false;
            return !links.contains(inode);
        }
        return links.add(inode);
    }
}
