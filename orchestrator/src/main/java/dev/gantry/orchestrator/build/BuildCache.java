package dev.gantry.orchestrator.build;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What steps came to, by a key that holds all that matters of them. A line a record, the latest of
 * a key counts; nothing is synced, for a record that is lost is a step that is done once more. Read
 * when the first build asks.
 */
final class BuildCache {
    private static final int MOST = 20_000;

    /**
     * What a step came to.
     *
     * @param image digest of a manifest; empty: the step added nothing
     */
    record Entry(String key, String image, boolean forgotten) {}

    private final Path file;
    private Map<String, Entry> entries;
    private int lines;

    BuildCache(Path directory) {
        this.file = directory.resolve("build-cache.jsonl");
    }

    /** What a step came to, if it is known. */
    synchronized Optional<Entry> find(String key) {
        return Optional.ofNullable(entries().get(key));
    }

    /** Remembers it. */
    synchronized void put(String key, String image) {
        var entry = new Entry(key, image, false);
        entries().remove(key);
        entries().put(key, entry);
        while (entries().size() > MOST) {
            entries().remove(entries().keySet().iterator().next());
        }
        append(entry);
    }

    /** Its image is gone. */
    synchronized void forget(String key) {
        if (entries().remove(key) != null) {
            append(new Entry(key, "", true));
        }
    }

    /** Forgets all; how many there were. */
    synchronized int clear() {
        int before = entries().size();
        entries().clear();
        rewrite();
        return before;
    }

    private Map<String, Entry> entries() {
        if (entries == null) {
            entries = new LinkedHashMap<>();
            try {
                if (Files.exists(file)) {
                    for (var line : Files.readString(file).split("\n")) {
                        read(line);
                    }
                }
            } catch (IOException e) {
                throw fault("read", e);
            }
        }
        return entries;
    }

    private void read(String line) {
        try {
            lines++;
            var entry = Json.mapper().readValue(line, Entry.class);
            entries.remove(entry.key());
            if (!entry.forgotten()) {
                entries.put(entry.key(), entry);
            }
        } catch (JsonProcessingException e) {
            lines++; // the last line of a crash: it was never finished, so it is no record
        }
    }

    private void append(Entry entry) {
        if (++lines > 2 * MOST) {
            rewrite();
            return;
        }
        try {
            if (!Files.exists(file)) {
                Files.createFile(
                        file,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
            }
            Files.writeString(file, "\n" + text(entry), StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw fault("write", e);
        }
    }

    private static String text(Entry entry) throws JsonProcessingException {
        return Json.mapper().writeValueAsString(entry);
    }

    private void rewrite() {
        try {
            var all = new StringBuilder();
            for (var entry : entries.values()) {
                all.append(text(entry)).append('\n');
            }
            var fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.deleteIfExists(fresh);
            Files.createFile(
                    fresh,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
            Files.write(fresh, all.toString().getBytes(StandardCharsets.UTF_8));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            lines = entries.size();
        } catch (IOException e) {
            throw fault("write", e);
        }
    }

    private FaultException fault(String call, IOException e) {
        return new FaultException(Fault.of(FaultCode.INTERNAL, call + " " + file + ": " + e), e);
    }
}
