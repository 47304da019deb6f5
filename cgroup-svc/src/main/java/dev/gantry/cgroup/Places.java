package dev.gantry.cgroup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The containers whose groups lie elsewhere than in the instance's subtree, since their creator
 * asked for it, made the groups and gave them to this service's user. A small file each, in the
 * service's run directory, so it ends with the boot as the groups do.
 */
public final class Places {
    private final Optional<Path> directory;
    private final Map<String, String> paths = new ConcurrentHashMap<>();

    private Places(Optional<Path> directory) {
        this.directory = directory;
    }

    /** Kept in memory alone. */
    public static Places forgotten() {
        return new Places(Optional.empty());
    }

    /** Kept in a directory that is made if absent. */
    public static Places in(Path directory) {
        var places = new Places(Optional.of(directory));
        try {
            Files.createDirectories(directory);
            try (Stream<Path> files = Files.list(directory)) {
                for (var file : (Iterable<Path>) files::iterator) {
                    places.paths.put(file.getFileName().toString(), Files.readString(file));
                }
            }
            return places;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Where the groups of a container are, below each mount. */
    Optional<String> of(String id) {
        return Optional.ofNullable(paths.get(id));
    }

    List<String> ids() {
        return List.copyOf(paths.keySet());
    }

    /**
     * Callers may put two containers into one group; those are then limited and frozen together.
     */
    synchronized void put(String id, String path) {
        if (directory.isPresent()) {
            try {
                Files.writeString(directory.get().resolve(id), path);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
        paths.put(id, path);
    }

    synchronized void forget(String id) {
        paths.remove(id);
        if (directory.isPresent()) {
            try {
                Files.deleteIfExists(directory.get().resolve(id));
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }
}
