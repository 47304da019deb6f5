package dev.gantry.orchestrator.store;

import com.fasterxml.jackson.core.type.TypeReference;

import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/** JSON files that are replaced as a whole, so that a reader or a crash never sees half of one. */
public final class AtomicFile {
    /** For the owner alone. */
    static final Set<PosixFilePermission> PRIVATE = PosixFilePermissions.fromString("rw-------");

    private AtomicFile() {}

    /** Replaces the file; not synced. One writer per path at a time. */
    public static void write(Path path, Object value) throws IOException {
        write(path, Json.mapper().writeValueAsBytes(value));
    }

    /** Replaces the file by one line. */
    static void writeLine(Path path, Object value) throws IOException {
        var line = Json.mapper().writeValueAsString(value) + "\n";
        write(path, line.getBytes(StandardCharsets.UTF_8));
    }

    private static void write(Path path, byte[] bytes) throws IOException {
        var temporary = path.resolveSibling(path.getFileName() + ".new");
        try (var channel =
                FileChannel.open(
                        temporary,
                        Set.of(
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                StandardOpenOption.TRUNCATE_EXISTING),
                        PosixFilePermissions.asFileAttribute(PRIVATE))) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
        Files.move(
                temporary,
                path,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** The file's value; empty where there is no such file. */
    public static <T> Optional<T> read(Path path, TypeReference<T> type) throws IOException {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        return Optional.of(Json.mapper().readValue(Files.readAllBytes(path), type));
    }
}
