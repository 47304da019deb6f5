package dev.gantry.namespace;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * The files of this service: {@code run/namespace-svc/ID.json} (the record) and {@code ID.told},
 * {@code ID@EXECID.told} (its end has been published). All of it is gone after a boot, as the
 * containers are. Reads what the shims keep, protocol.md section 1.
 */
final class RuntimeFiles {
    private static final String EXEC = "exec-";
    private final Path own;
    private final Path shims;
    private final Path logs;

    RuntimeFiles(Layout layout) {
        own = layout.run("namespace-svc");
        shims = layout.containers();
        logs = layout.logs();
        try {
            Files.createDirectories(own);
        } catch (IOException e) {
            throw new UncheckedIOException("make " + own, e);
        }
    }

    Path directory(String id) {
        return shims.resolve(id);
    }

    Path directory(String id, String execId) {
        return shims.resolve(id).resolve(EXEC + execId);
    }

    /** The group that reads logs: that of the directory they are in. */
    long logGroup() {
        try {
            return ((Number) Files.getAttribute(logs, "unix:gid")).longValue() & 0xffff_ffffL;
        } catch (IOException notThere) {
            return 0;
        }
    }

    void save(String id, ContainerRecord record) {
        try {
            write(own.resolve(id + ".json"), Json.mapper().writeValueAsString(record));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record is always JSON", e);
        }
    }

    Optional<ContainerRecord> load(String id) {
        return read(own.resolve(id + ".json"))
                .map(
                        text -> {
                            try {
                                return Json.mapper().readValue(text, ContainerRecord.class);
                            } catch (IOException e) {
                                throw new UncheckedIOException("record of " + id, e);
                            }
                        });
    }

    /** Forgets every container that is not among these, and its sessions. */
    void keepOnly(Collection<String> ids) {
        for (var name : names(own, "*")) {
            if (!ids.contains(name.replaceFirst("(@.*)?\\.[a-z]+$", ""))) {
                try {
                    Files.deleteIfExists(own.resolve(name));
                } catch (IOException e) {
                    throw new UncheckedIOException("forget " + name, e);
                }
            }
        }
    }

    /** Notes that the end of a process has been published. */
    void told(ShimProcess process, Exit exit) {
        write(mark(process), text(exit));
    }

    /** The end that has been published; one half noted is published again. */
    Optional<Exit> told(ShimProcess process) {
        return read(mark(process)).filter(text -> text.endsWith("\n")).map(RuntimeFiles::exit);
    }

    private Path mark(ShimProcess process) {
        return own.resolve(
                process.id() + process.execId().map(exec -> "@" + exec).orElse("") + ".told");
    }

    /** Forgets one exec session. */
    void forget(ShimProcess session) {
        try {
            Files.deleteIfExists(mark(session));
        } catch (IOException e) {
            throw new UncheckedIOException("forget " + mark(session), e);
        }
    }

    /** Forgets a container. Its sessions are forgotten before. */
    void forget(String id) {
        try {
            Files.deleteIfExists(own.resolve(id + ".told"));
            Files.deleteIfExists(own.resolve(id + ".json"));
        } catch (IOException e) {
            throw new UncheckedIOException("forget " + id, e);
        }
    }

    /** The containers that have a directory of their shim. */
    List<String> containers() {
        return names(shims, "*");
    }

    /** The exec sessions that have one. */
    List<String> sessions(String id) {
        return names(directory(id), EXEC + "*").stream()
                .map(name -> name.substring(EXEC.length()))
                .toList();
    }

    /** How a process ended, if its shim recorded it. */
    Optional<Exit> exitOf(ShimProcess process) {
        return read(process.directory().resolve("exit")).map(RuntimeFiles::exit);
    }

    private static Exit exit(String text) {
        var parts = text.strip().split(" ");
        return new Exit(
                Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Long.parseLong(parts[2]));
    }

    private static String text(Exit exit) {
        return exit.code() + " " + exit.signal() + " " + exit.timeNanos() + "\n";
    }

    private static List<String> names(Path directory, String glob) {
        var out = new ArrayList<String>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
            entries.forEach(entry -> out.add(entry.getFileName().toString()));
        } catch (NoSuchFileException | NotDirectoryException notThere) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException("read " + directory, e);
        }
        return out;
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (NoSuchFileException notThere) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("read " + file, e);
        }
    }

    // One short write, which a killed process has done or not.
    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException("write " + file, e);
        }
    }
}
