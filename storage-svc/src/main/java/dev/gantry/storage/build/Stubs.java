package dev.gantry.storage.build;

import static dev.gantry.storage.kernel.StorageKernel.AT_REMOVEDIR;

import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Takes away what was made in a container's writable layer for its mounts alone: empty files and
 * directories that its image does not have. Then its layer has what its command changed, and
 * nothing else.
 */
final class Stubs {
    private final Directory upper;
    private final LayerStack below;

    private Stubs(Directory upper, LayerStack below) {
        this.upper = upper;
        this.below = below;
    }

    /** Removes them; the paths are absolute in the container. */
    static void remove(Directory upper, LayerStack below, List<String> paths) {
        var stubs = new Stubs(upper, below);
        var deepestFirst = new ArrayList<>(paths);
        deepestFirst.sort(Comparator.comparingInt(String::length).reversed());
        for (var path : deepestFirst) {
            stubs.remove(path);
        }
    }

    private void remove(String path) {
        try (var own = new LayerStack(List.of(upper.descend("")))) {
            // The mount point may stand behind a link of the image.
            var place = StackPaths.resolve(below, Raw.of(path)).path();
            while (!place.isEmpty() && removed(own, place)) {
                place = above(place);
            }
        }
    }

    private static String above(String place) {
        int slash = place.lastIndexOf('/');
        return slash < 0 ? "" : place.substring(0, slash);
    }

    /** Whether a place is as it would be if nothing had been mounted in it. */
    private boolean removed(LayerStack own, String place) {
        var stat = own.stat(place);
        if (stat.isEmpty()) {
            return true;
        }
        var before = below.stat(place);
        boolean same = before.isPresent() && isSame(before.get(), stat.get());
        if (before.isPresent() && !same) {
            return false;
        }
        var name = place.substring(place.lastIndexOf('/') + 1);
        try (var in = upper.descend(above(place))) {
            if (stat.get().isDirectory()) {
                try (var directory = in.descend(name)) {
                    if (LayerStack.isOpaque(directory)) {
                        return false;
                    }
                }
                var gone = in.kernel().unlinkat(in.fd(), name, AT_REMOVEDIR);
                if (gone.errno() == Errno.ENOTEMPTY) {
                    return false;
                }
                gone.orThrow("unlinkat %s", in.at(name));
                return true;
            }
            if (before.isPresent() || !stat.get().isRegular() || stat.get().size() > 0) {
                return false;
            }
            in.kernel().unlinkat(in.fd(), name, 0).orThrow("unlinkat %s", in.at(name));
            return true;
        }
    }

    /** Whether a directory was copied up and not changed but for its time. */
    private static boolean isSame(FileStat before, FileStat now) {
        return before.isDirectory()
                && now.isDirectory()
                && before.mode() == now.mode()
                && before.uid() == now.uid()
                && before.gid() == now.gid();
    }
}
