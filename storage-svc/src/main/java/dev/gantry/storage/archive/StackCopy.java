package dev.gantry.storage.archive;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileCopy;
import dev.gantry.storage.kernel.FileStat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Copies what a stack of layers shows into one directory, with its hard links and holes. */
public final class StackCopy {
    /** Each is remembered to the end: these bound the heap. */
    private static final int MAX_LINKS = 200_000;

    private static final int MAX_DIRECTORIES = 200_000;

    private final Directory to;
    private final Map<Long, String> links = new HashMap<>();
    private final List<Made> made = new ArrayList<>();
    private Directory parent;
    private String parentPath = "";

    private StackCopy(Directory to) {
        this.to = to;
        this.parent = to;
    }

    /** A directory whose mode and time are set last. */
    private record Made(String path, FileStat stat) {}

    /** Copies all of it into an empty directory of the caller's own. */
    public static void copy(LayerStack stack, Directory to) {
        var copy = new StackCopy(to);
        try {
            stack.walk("", copy::visit);
        } finally {
            copy.enter("");
        }
        for (var directory : copy.made.reversed()) {
            try (var open = to.descend(directory.path())) {
                var stat = directory.stat();
                to.kernel().fchmod(open.fd(), stat.permissions()).orThrow("fchmod %s", open.path());
                to.kernel()
                        .utimensat(open.fd(), ".", stat.mtimeSeconds(), stat.mtimeNanos())
                        .orThrow("utimensat %s", open.path());
            }
        }
    }

    private void visit(Directory in, String name, String path, FileStat stat) {
        if (path.equals(".")) {
            FileCopy.attributes(in, ".", stat, to, ".");
            remember("", stat);
            return;
        }
        enter(path.substring(0, Math.max(path.lastIndexOf('/'), 0)));
        if (stat.isDirectory()) {
            var kernel = to.kernel();
            kernel.mkdirat(parent.fd(), name, 0700).orThrow("mkdirat %s", parent.at(name));
            FileCopy.attributes(in, name, stat, parent, name);
            kernel.fchmodat(parent.fd(), name, 0700).orThrow("fchmodat %s", parent.at(name));
            remember(path, stat);
        } else if (!isLinked(path, name, stat)) {
            FileCopy.node(in, name, stat, parent);
        }
    }

    private void remember(String path, FileStat stat) {
        made.add(new Made(path, stat));
        bound(made.size(), MAX_DIRECTORIES, "directories");
    }

    /** The second name of a file is made a link to the first; all layers are on one file system. */
    private boolean isLinked(String path, String name, FileStat stat) {
        if (!stat.isRegular() || stat.links() < 2) {
            return false;
        }
        var first = links.putIfAbsent(stat.inode(), path);
        bound(links.size(), MAX_LINKS, "files with several names");
        if (first == null) {
            return false;
        }
        int slash = first.lastIndexOf('/');
        try (var from = to.descend(first.substring(0, Math.max(slash, 0)))) {
            to.kernel()
                    .linkat(from.fd(), first.substring(slash + 1), parent.fd(), name)
                    .orThrow("linkat %s to %s", from.at(first), parent.at(name));
        }
        return true;
    }

    private static void bound(int count, int most, String what) {
        if (count > most) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED, "image: more than %d %s", most, what);
        }
    }

    /** Names of one directory mostly follow each other, so it is kept open. */
    private void enter(String path) {
        if (path.equals(parentPath)) {
            return;
        }
        var next = path.isEmpty() ? to : to.descend(path);
        if (parent != to) {
            parent.close();
        }
        parent = next;
        parentPath = path;
    }
}
