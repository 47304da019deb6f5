package dev.gantry.storage.archive;

import static dev.gantry.storage.kernel.FileCopy.isKept;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileCopy;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * What was changed in a copy of an image, laid out as overlayfs would have it in its upper
 * directory, so that nothing else need know how the root was made. A file counts as changed where
 * its type, mode, owner, size, time, target or attributes differ: the time is the kernel's, so that
 * only who sets it back hides a change.
 */
public final class ChangedTree {
    private static final int MAX_DEPTH = 250;

    private final LayerStack below;
    private final Directory upper;
    private final SequencedMap<String, FileStat> made = new LinkedHashMap<>();
    private final Directory now;

    private ChangedTree(Directory now, LayerStack below, Directory upper) {
        this.now = now;
        this.below = below;
        this.upper = upper;
    }

    /**
     * Lays out the changes.
     *
     * @param now the tree as it is
     * @param below what it was copied from
     * @param upper empty, the caller's own
     */
    public static void layOut(Directory now, LayerStack below, Directory upper) {
        var tree = new ChangedTree(now, below, upper);
        FileCopy.attributes(now, ".", now.stat(), upper, ".");
        tree.walk(now, "", 0, true);
        for (var directory : tree.made.sequencedEntrySet().reversed()) {
            int slash = directory.getKey().lastIndexOf('/');
            var name = directory.getKey().substring(slash + 1);
            var parent = directory.getKey().substring(0, Math.max(slash, 0));
            try (var from = now.descend(parent);
                    var to = upper.descend(parent)) {
                FileCopy.attributes(from, name, directory.getValue(), to, name);
            }
        }
    }

    /**
     * Walks through a directory.
     *
     * @param merged whether there is one of that name below
     */
    private void walk(Directory directory, String path, int depth, boolean merged) {
        if (depth > MAX_DEPTH) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED, "%s is too deep", directory.path());
        }
        var names = directory.names();
        if (merged) {
            var gone = new TreeSet<>(below.names(path));
            names.forEach(gone::remove);
            for (var name : gone) {
                in(
                        path,
                        to ->
                                to.kernel()
                                        .whiteout(to.fd(), name)
                                        .orThrow("mknodat %s 0:0", to.at(name)));
            }
        }
        for (var name : names) {
            var stat = directory.stat(name);
            if (stat.isPresent()) { // else the running container has deleted it meanwhile
                var child = path.isEmpty() ? name : path + "/" + name;
                var lower = merged ? below.stat(child) : Optional.<FileStat>empty();
                child(directory, name, child, stat.get(), lower, depth);
            }
        }
    }

    private void child(
            Directory directory,
            String name,
            String path,
            FileStat stat,
            Optional<FileStat> lower,
            int depth) {
        boolean same = lower.isPresent() && isSame(directory, name, path, stat, lower.get());
        if (!stat.isDirectory()) {
            if (!same) {
                in(parent(path), to -> FileCopy.node(directory, name, stat, to));
            }
            return;
        }
        if (!same) {
            in(path, to -> {});
        }
        directory
                .find(name)
                .ifPresent(
                        open -> {
                            try (open) {
                                boolean merged = lower.filter(FileStat::isDirectory).isPresent();
                                walk(open, path, depth + 1, merged);
                            }
                        });
    }

    private static String parent(String path) {
        return path.substring(0, Math.max(path.lastIndexOf('/'), 0));
    }

    /** Does something in a directory of the upper tree, which is made if it is not there. */
    private void in(String path, Consumer<Directory> work) {
        if (!path.isEmpty() && !made.containsKey(path)) {
            int slash = path.lastIndexOf('/');
            var name = path.substring(slash + 1);
            in(
                    parent(path),
                    to ->
                            to.kernel()
                                    .mkdirat(to.fd(), name, 0700)
                                    .orThrow("mkdirat %s", to.at(name)));
            try (var open = now.descend(path)) {
                made.put(path, open.stat());
            }
        }
        try (var to = upper.descend(path)) {
            work.accept(to);
        }
    }

    private boolean isSame(
            Directory directory, String name, String path, FileStat one, FileStat lower) {
        if (one.mode() != lower.mode()
                || one.uid() != lower.uid()
                || one.gid() != lower.gid()
                || one.rdev() != lower.rdev()
                || !one.isDirectory() && one.size() != lower.size()
                || one.mtimeSeconds() != lower.mtimeSeconds()
                || one.mtimeNanos() != lower.mtimeNanos()) {
            return false;
        }
        return one.isSymlink()
                ? below.look(path, (in, there, stat) -> target(in, there))
                        .equals(Optional.of(target(directory, name)))
                : below.look(path, (in, there, stat) -> attributes(in, there))
                        .equals(Optional.of(attributes(directory, name)));
    }

    private static String target(Directory in, String name) {
        return in.kernel().readlinkat(in.fd(), name).orThrow("readlinkat %s", in.at(name));
    }

    private static Map<String, String> attributes(Directory in, String name) {
        var kernel = in.kernel();
        var names = kernel.llistxattr(in.fd(), name);
        var values = new HashMap<String, String>();
        if (names.result().errno() == Errno.EOPNOTSUPP) {
            return values;
        }
        for (var attribute : new HashSet<>(names.orThrow("listxattr %s", in.at(name)))) {
            if (isKept(attribute)) {
                var value = kernel.lgetxattr(in.fd(), name, attribute);
                values.put(
                        attribute, Raw.of(value.orThrow("getxattr %s %s", in.at(name), attribute)));
            }
        }
        return values;
    }
}
