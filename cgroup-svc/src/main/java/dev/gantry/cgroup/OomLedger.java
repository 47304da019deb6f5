package dev.gantry.cgroup;

import dev.gantry.cgroup.controller.Numbers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How many kills of each container were told already: one small file a container that had any, in
 * the service's run directory, so it ends with the boot as the groups do.
 */
public final class OomLedger {
    private final Path directory;
    private final Map<String, Long> told = new ConcurrentHashMap<>();

    /** Keeps its files in a directory that is made if absent. */
    public OomLedger(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    long told(String id) {
        return told.computeIfAbsent(id, this::read);
    }

    void tell(String id, long kills) {
        try {
            Files.writeString(directory.resolve(id), Long.toString(kills));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        told.put(id, kills);
    }

    void forget(String id) {
        told.remove(id);
        try {
            Files.deleteIfExists(directory.resolve(id));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private long read(String id) {
        try {
            var file = directory.resolve(id);
            return Files.exists(file) ? Numbers.parse(Files.readString(file)).orElse(0L) : 0;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
