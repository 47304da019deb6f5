package dev.gantry.storage.archive;

import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Compares two trees: names, types, modes, owners, times, how many names a file has, where links
 * lead, attributes, bytes. Nothing is followed.
 */
public final class TreeComparison {
    private final byte[] left = new byte[128 * 1024];
    private final byte[] right = new byte[128 * 1024];

    private TreeComparison() {}

    /** The first difference, in words; empty if the trees are equal. */
    public static Optional<String> difference(Directory expected, Directory found) {
        var comparison = new TreeComparison();
        return comparison
                .node(expected, found, ".", expected.stat(), found.stat())
                .or(() -> comparison.children(expected, found));
    }

    private Optional<String> children(Directory expected, Directory found) {
        var names = expected.names();
        var others = found.names();
        if (!names.equals(others)) {
            Set<String> odd = new HashSet<>(names);
            others.forEach(name -> odd.remove(name));
            var missing = odd.stream().sorted().findFirst();
            return Optional.of(
                    missing.map(name -> found.at(name) + " is missing")
                            .orElseGet(() -> found.path() + " has names too many"));
        }
        for (var name : names) {
            var difference = child(expected, found, name);
            if (difference.isPresent()) {
                return difference;
            }
        }
        return Optional.empty();
    }

    private Optional<String> child(Directory expected, Directory found, String name) {
        var one = expected.stat(name);
        var other = found.stat(name);
        if (one.isEmpty() || other.isEmpty()) {
            return Optional.of(found.at(name) + " vanished");
        }
        var difference = node(expected, found, name, one.get(), other.get());
        if (difference.isPresent()) {
            return difference;
        }
        if (one.get().isDirectory()) {
            try (var below = expected.descend(name);
                    var otherBelow = found.descend(name)) {
                // What it holds says more than that its time differs.
                return children(below, otherBelow)
                        .or(
                                () ->
                                        sameTime(one.get(), other.get())
                                                ? Optional.empty()
                                                : differs(
                                                        found, name, "another modification time"));
            }
        }
        return one.get().isRegular() && one.get().size() > 0
                ? content(expected, found, name)
                : Optional.empty();
    }

    private Optional<String> node(
            Directory expected, Directory found, String name, FileStat one, FileStat other) {
        if (one.mode() != other.mode()) {
            return differs(found, name, "mode %o, not %o", other.mode(), one.mode());
        }
        if (one.uid() != other.uid() || one.gid() != other.gid()) {
            return differs(
                    found,
                    name,
                    "owner %d:%d, not %d:%d",
                    other.uid(),
                    other.gid(),
                    one.uid(),
                    one.gid());
        }
        if (one.rdev() != other.rdev()) {
            return differs(found, name, "another device number");
        }
        if (!one.isDirectory() && one.size() != other.size()) {
            return differs(found, name, "%d bytes, not %d", other.size(), one.size());
        }
        if (!one.isDirectory() && one.links() != other.links()) {
            return differs(found, name, "%d names, not %d", other.links(), one.links());
        }
        if (!one.isDirectory() && !one.isWhiteout() && !sameTime(one, other)) {
            return differs(found, name, "another modification time");
        }
        return one.isSymlink() ? target(expected, found, name) : attributes(expected, found, name);
    }

    private static boolean sameTime(FileStat one, FileStat other) {
        return one.mtimeSeconds() == other.mtimeSeconds() && one.mtimeNanos() == other.mtimeNanos();
    }

    private static Optional<String> differs(
            Directory in, String name, String format, Object... arguments) {
        return Optional.of(in.at(name) + " has " + String.format(format, arguments));
    }

    private static Optional<String> target(Directory expected, Directory found, String name) {
        var kernel = found.kernel();
        var one = kernel.readlinkat(expected.fd(), name).orThrow("readlinkat %s", name);
        var other = kernel.readlinkat(found.fd(), name).orThrow("readlinkat %s", found.at(name));
        return one.equals(other)
                ? Optional.empty()
                : Optional.of(found.at(name) + " leads elsewhere");
    }

    private static Optional<String> attributes(Directory expected, Directory found, String name) {
        var kernel = found.kernel();
        var names = kernel.llistxattr(expected.fd(), name);
        var others = kernel.llistxattr(found.fd(), name);
        if (names.result().errno() == Errno.EOPNOTSUPP) {
            return Optional.empty();
        }
        var all = new HashSet<>(names.orThrow("listxattr %s", name));
        if (!all.equals(new HashSet<>(others.orThrow("listxattr %s", found.at(name))))) {
            return Optional.of(found.at(name) + " has other attributes");
        }
        for (var attribute : all) {
            var one = kernel.lgetxattr(expected.fd(), name, attribute);
            var other = kernel.lgetxattr(found.fd(), name, attribute);
            if (!Arrays.equals(one.content(), other.content())) {
                return Optional.of(found.at(name) + " has another value of " + attribute);
            }
        }
        return Optional.empty();
    }

    private Optional<String> content(Directory expected, Directory found, String name) {
        try (var one = expected.file(name);
                var other = found.file(name)) {
            for (long at = 0; ; ) {
                int count = one.read(left, 0, left.length);
                if (count < 0) {
                    return Optional.empty();
                }
                for (int got = 0; got < count; ) {
                    int more = other.read(right, got, count - got);
                    if (more < 0) {
                        return differs(found, name, "only %d bytes", at + got);
                    }
                    got += more;
                }
                int difference = Arrays.mismatch(left, 0, count, right, 0, count);
                if (difference >= 0) {
                    return differs(found, name, "other bytes from %d on", at + difference);
                }
                at += count;
            }
        }
    }
}
