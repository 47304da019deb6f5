package dev.gantry.orchestrator.store;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.model.ContainerRecord;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A container's record on disk, in JSON lines: the first is all of it, each further one holds the
 * parts that have changed since. A change of state so costs one short write, where replacing the
 * file would cost a rename, for which ext4 starts writing out its blocks. A line counts once it
 * ends in a newline. Not synced. One writer at a time.
 */
final class RecordFile {
    private static final int MOST_LINES = 64;
    private static final List<Part> PARTS =
            List.of(ContainerRecord.class.getRecordComponents()).stream().map(Part::new).toList();

    private final Path path;
    private ContainerRecord written;
    private long length;
    private int lines;

    private RecordFile(Path path) {
        this.path = path;
    }

    /** A record that is not on disk yet. */
    static RecordFile at(Path path) {
        return new RecordFile(path);
    }

    /**
     * Takes up a record that is on disk; empty where its file has no whole line.
     *
     * @throws com.fasterxml.jackson.core.JsonProcessingException where a whole line is no record
     */
    static Optional<RecordFile> read(Path path) throws IOException {
        var content = Files.readAllBytes(path);
        var file = new RecordFile(path);
        ObjectNode merged = null;
        for (int i = 0; i < content.length; i++) {
            if (content[i] != '\n') {
                continue;
            }
            int from = (int) file.length;
            var line = Json.mapper().readerFor(ObjectNode.class);
            ObjectNode parts = line.readValue(content, from, i - from);
            merged = merged == null ? parts : merged.setAll(parts);
            file.length = i + 1L;
            file.lines++;
        }
        if (merged == null) {
            return Optional.empty();
        }
        file.written = Json.mapper().treeToValue(merged, ContainerRecord.class);
        return Optional.of(file);
    }

    /** The record as it is on disk. */
    ContainerRecord record() {
        return written;
    }

    /** Writes what has changed. After a failure the file counts as before. */
    void write(ContainerRecord next) throws IOException {
        if (lines == MOST_LINES) {
            AtomicFile.writeLine(path, next);
            length = Files.size(path);
            lines = 1;
        } else {
            append(line(next));
            lines++;
        }
        written = next;
    }

    private byte[] line(ContainerRecord next) throws IOException {
        var bytes = new ByteArrayOutputStream(512);
        try (var json = Json.mapper().createGenerator(bytes)) {
            json.writeStartObject();
            for (var part : PARTS) {
                var value = part.of(next);
                if (written == null || !value.equals(part.of(written))) {
                    json.writeFieldName(part.name);
                    part.writer.writeValue(json, value);
                }
            }
            json.writeEndObject();
        }
        bytes.write('\n');
        return bytes.toByteArray();
    }

    // At the place where the last whole line ends, so that half a line of a full disk is
    // overwritten by the next.
    private void append(byte[] line) throws IOException {
        try (var channel =
                FileChannel.open(
                        path,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(AtomicFile.PRIVATE))) {
            var buffer = ByteBuffer.wrap(line);
            long at = length;
            while (buffer.hasRemaining()) {
                at += channel.write(buffer, at);
            }
        } catch (IOException e) {
            if (length == 0) {
                Files.deleteIfExists(path); // There is no record then.
            }
            throw e;
        }
        length += line.length;
    }

    /** A component of the record, with the writer of its declared type. */
    private static final class Part {
        private final String name;
        private final RecordComponent component;
        private final ObjectWriter writer;

        Part(RecordComponent component) {
            this.name = component.getName();
            this.component = component;
            this.component.getAccessor().setAccessible(true);
            JavaType type = Json.mapper().constructType(component.getGenericType());
            this.writer = Json.mapper().writerFor(type);
        }

        Object of(ContainerRecord record) {
            try {
                return component.getAccessor().invoke(record);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
