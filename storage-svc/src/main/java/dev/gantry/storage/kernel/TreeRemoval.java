package dev.gantry.storage.kernel;

import static dev.gantry.storage.kernel.StorageKernel.AT_REMOVEDIR;
import static dev.gantry.storage.kernel.StorageKernel.RENAME_NOREPLACE;

import dev.gantry.bus.linux.Errno;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Deletes a tree by descriptors, following nothing. A tree of any depth takes a bounded number of
 * descriptors and frames: what lies too deep is first moved up beside the tree.
 */
public final class TreeRemoval {
    private static final int MAX_DEPTH = 48;
    private static final int MAX_PASSES = 100;

    private final Directory parent;
    private final Deque<String> pending = new ArrayDeque<>();
    private int moved;

    private TreeRemoval(Directory parent) {
        this.parent = parent;
    }

    /** Deletes a name of the directory and all below it; an absent one is no error. */
    public static void remove(Directory parent, String name) {
        var removal = new TreeRemoval(parent);
        removal.pending.add(name);
        while (!removal.pending.isEmpty()) {
            removal.delete(parent, removal.pending.peek(), 0);
            removal.pending.remove();
        }
    }

    private void delete(Directory in, String name, int depth) {
        var kernel = in.kernel();
        var unlinked = kernel.unlinkat(in.fd(), name, 0);
        if (unlinked.errno() != Errno.EISDIR) {
            if (unlinked.errno() != Errno.ENOENT) {
                unlinked.orThrow("unlinkat %s", in.at(name));
            }
            return;
        }
        if (depth >= MAX_DEPTH) {
            var up = pending.getFirst() + "." + moved++;
            kernel.renameat2(in.fd(), name, parent.fd(), up, RENAME_NOREPLACE)
                    .orThrow("renameat2 %s to %s", in.at(name), parent.at(up));
            pending.addLast(up);
            return;
        }
        // Several passes: the position in a directory is not promised to survive deletions.
        for (int pass = 0; ; pass++) {
            empty(in, name, depth);
            var removed = kernel.unlinkat(in.fd(), name, AT_REMOVEDIR);
            if (removed.errno() == Errno.ENOENT) {
                return;
            }
            if (removed.errno() != Errno.ENOTEMPTY || pass == MAX_PASSES) {
                removed.orThrow("unlinkat %s", in.at(name));
                return;
            }
        }
    }

    private void empty(Directory in, String name, int depth) {
        // Without CAP_DAC_OVERRIDE (tests) a directory of mode 0 would keep its owner out.
        in.kernel().fchmodat(in.fd(), name, 0700);
        try (var directory = in.descend(name)) {
            // In batches: a container may have put millions of names into one directory.
            for (var batch = directory.batch(); !batch.isEmpty(); batch = directory.batch()) {
                for (var child : batch) {
                    delete(directory, child, depth + 1);
                }
            }
        }
    }
}
