package dev.gantry.storage;

import dev.gantry.bus.contract.storage.StorageResult.Change;
import dev.gantry.bus.contract.storage.StorageResult.Kind;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/** What overlayfs' upper directory says that a container added, changed and deleted. */
final class UpperDiff {
    private static final int MAX_DEPTH = 250;
    private static final int MAX_CHANGES = 100_000;

    private final LayerStack below;
    private final List<Change> changes = new ArrayList<>();

    private UpperDiff(LayerStack below) {
        this.below = below;
    }

    /** All changes of an upper directory over the layers below it, sorted by path. */
    static List<Change> between(Directory upper, LayerStack below) {
        var diff = new UpperDiff(below);
        diff.walk(upper, "", 0, true);
        diff.changes.sort(Comparator.comparing(Change::path));
        return diff.changes;
    }

    /**
     * @param merged whether what lies below shows through
     */
    private void walk(Directory directory, String path, int depth, boolean merged) {
        if (depth > MAX_DEPTH || changes.size() > MAX_CHANGES) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "more than %d changes, or deeper than %d",
                    MAX_CHANGES,
                    MAX_DEPTH);
        }
        for (var name : directory.names()) {
            var child = path.isEmpty() ? name : path + "/" + name;
            var stat = directory.stat(name);
            if (stat.isEmpty()) {
                continue; // deleted by the running container meanwhile
            }
            var lower = merged ? below.stat(child) : Optional.<FileStat>empty();
            if (stat.get().isWhiteout()) {
                if (lower.isPresent()) {
                    add(Kind.DELETED, child);
                }
                continue;
            }
            add(lower.isPresent() ? Kind.CHANGED : Kind.ADDED, child);
            if (stat.get().isDirectory()) {
                var in = directory.find(name);
                if (in.isPresent()) {
                    try (var open = in.get()) {
                        descend(
                                open,
                                child,
                                depth,
                                lower.filter(FileStat::isDirectory).isPresent());
                    }
                }
            }
        }
    }

    private void descend(Directory in, String path, int depth, boolean merged) {
        boolean hides = LayerStack.isOpaque(in);
        if (merged && hides) {
            var kept = new HashSet<>(in.names());
            for (var name : below.names(path)) {
                if (!kept.contains(name)) {
                    add(Kind.DELETED, path + "/" + name);
                }
            }
        }
        walk(in, path, depth + 1, merged);
    }

    private void add(Kind kind, String path) {
        changes.add(new Change(kind, "/" + Raw.text(path)));
    }
}
