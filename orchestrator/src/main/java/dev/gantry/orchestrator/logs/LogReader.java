package dev.gantry.orchestrator.logs;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerResult.LogChunk;
import dev.gantry.bus.contract.container.ContainerResult.LogLine;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads logs in CRI form ({@code TIME STREAM F|P TEXT}) over their rotations. A cursor is {@code
 * inode:offset}, so it stays true when the file that it points into is renamed by a rotation.
 */
public final class LogReader {
    private static final int MAX_LINES = 2_000;
    private static final int MAX_CHUNK_BYTES = 1 << 20;
    private static final int BLOCK = 64 << 10;
    private static final int MAX_ROTATIONS = 1_000;

    private record Segment(long inode, SeekableByteChannel channel) {}

    private record Position(long inode, long offset) {
        String cursor() {
            return inode + ":" + offset;
        }
    }

    private final LogDirectory logs;

    /** Reads the logs of a directory. */
    public LogReader(LogDirectory logs) {
        this.logs = logs;
    }

    /**
     * Lines from a cursor on.
     *
     * @param cursor where an earlier chunk said to go on; empty: the beginning
     * @param tail with an empty cursor, only so many of the last lines; below 0: all
     * @param since nanoseconds since the Unix epoch; earlier lines are passed over
     * @param maxLines at most so many
     */
    public LogChunk read(String id, String cursor, int tail, Optional<Long> since, int maxLines) {
        var segments = open(id);
        try {
            if (segments.isEmpty()) {
                return new LogChunk(List.of(), cursor, true);
            }
            var from = cursor.isEmpty() ? start(segments, tail) : resume(segments, parse(cursor));
            int limit = maxLines <= 0 ? MAX_LINES : Math.min(maxLines, MAX_LINES);
            return collect(segments, from, since.orElse(Long.MIN_VALUE), limit);
        } catch (IOException e) {
            throw FaultException.of(FaultCode.INTERNAL, "read log of %s: %s", id, e);
        } finally {
            segments.forEach(LogReader::close);
        }
    }

    /** The log's files, oldest first. Opened from the oldest on, so that a rotation loses none. */
    private List<Segment> open(String id) {
        var segments = new ArrayList<Segment>();
        try {
            int oldest = 0;
            while (oldest < MAX_ROTATIONS && Files.exists(logs.rotated(id, oldest + 1))) {
                oldest++;
            }
            for (int i = oldest; i >= 0; i--) {
                var path = i == 0 ? logs.current(id) : logs.rotated(id, i);
                open(path)
                        .filter(s -> segments.stream().noneMatch(o -> o.inode() == s.inode()))
                        .ifPresent(segments::add);
            }
            return segments;
        } catch (IOException e) {
            segments.forEach(LogReader::close);
            throw FaultException.of(FaultCode.INTERNAL, "open log of %s: %s", id, e);
        }
    }

    private static Optional<Segment> open(Path path) throws IOException {
        while (true) {
            try {
                long before = inode(path);
                var channel = Files.newByteChannel(path);
                if (inode(path) == before) {
                    return Optional.of(new Segment(before, channel));
                }
                channel.close(); // Rotated in between: once more.
            } catch (NoSuchFileException none) {
                return Optional.empty();
            }
        }
    }

    private static long inode(Path path) throws IOException {
        return ((Number) Files.getAttribute(path, "unix:ino")).longValue();
    }

    private static Position start(List<Segment> segments, int tail) throws IOException {
        var first = new Position(segments.getFirst().inode(), 0);
        if (tail < 0) {
            return first;
        }
        long wanted = tail;
        for (int i = segments.size() - 1; i >= 0; i--) {
            var segment = segments.get(i);
            long end = segment.channel().size();
            for (long block = end; block > 0; ) {
                int length = (int) Math.min(BLOCK, block);
                block -= length;
                var bytes = readAt(segment.channel(), block, length);
                for (int at = bytes.length - 1; at >= 0; at--) {
                    // The line end at the very end closes the last line; each before it begins one.
                    if (bytes[at] == '\n' && wanted-- <= 0) {
                        return new Position(segment.inode(), block + at + 1);
                    }
                }
            }
            // The first line of a file has no line end before it.
        }
        return first;
    }

    private static Position resume(List<Segment> segments, Position asked) throws IOException {
        for (var segment : segments) {
            if (segment.inode() == asked.inode() && asked.offset() <= segment.channel().size()) {
                return asked;
            }
        }
        // It was rotated away: go on with the oldest that is left.
        return new Position(segments.getFirst().inode(), 0);
    }

    private static LogChunk collect(List<Segment> segments, Position from, long since, int limit)
            throws IOException {
        var lines = new ArrayList<LogLine>();
        var at = from;
        int bytes = 0;
        boolean reached = false;
        for (int i = 0; i < segments.size(); i++) {
            var segment = segments.get(i);
            reached = reached || segment.inode() == from.inode();
            if (!reached) {
                continue;
            }
            long offset = segment.inode() == from.inode() ? from.offset() : 0;
            var reader = new LineSource(segment.channel(), offset);
            for (var line = reader.next(); line.isPresent(); line = reader.next()) {
                at = new Position(segment.inode(), reader.offset());
                var parsed = parseLine(line.get());
                if (parsed.timeNanos() >= since) {
                    lines.add(parsed);
                    bytes += line.get().length;
                }
                if (lines.size() >= limit || bytes >= MAX_CHUNK_BYTES) {
                    boolean last = i == segments.size() - 1 && !reader.more();
                    return new LogChunk(lines, at.cursor(), last);
                }
            }
            at = new Position(segment.inode(), reader.offset());
        }
        return new LogChunk(lines, at.cursor(), true);
    }

    static LogLine parseLine(byte[] line) {
        var text = new String(line, StandardCharsets.UTF_8);
        int time = text.indexOf(' ');
        int stream = time < 0 ? -1 : text.indexOf(' ', time + 1);
        int tag = stream < 0 ? -1 : text.indexOf(' ', stream + 1);
        if (tag < 0) {
            return new LogLine(0, "stdout", false, text);
        }
        long nanos;
        try {
            var instant = Instant.parse(text.substring(0, time));
            nanos = instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
        } catch (DateTimeParseException notOurs) {
            return new LogLine(0, "stdout", false, text);
        }
        boolean partial = text.substring(stream + 1, tag).startsWith("P");
        return new LogLine(
                nanos, text.substring(time + 1, stream), partial, text.substring(tag + 1));
    }

    private static Position parse(String cursor) {
        int colon = cursor.indexOf(':');
        try {
            var position =
                    new Position(
                            Long.parseLong(cursor.substring(0, Math.max(0, colon))),
                            Long.parseLong(cursor.substring(colon + 1)));
            if (position.offset() >= 0) {
                return position;
            }
        } catch (NumberFormatException notOurs) {
            // Said below.
        }
        throw FaultException.invalid("%s is not a cursor of a log", Names.quote(cursor));
    }

    static byte[] readAt(SeekableByteChannel channel, long offset, int length) throws IOException {
        var buffer = ByteBuffer.allocate(length);
        channel.position(offset);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            // Until the block is full or the file ends.
        }
        var bytes = new byte[buffer.position()];
        buffer.flip().get(bytes);
        return bytes;
    }

    private static void close(Segment segment) {
        try {
            segment.channel().close();
        } catch (IOException e) {
            // Opened for reading: nothing can be lost.
        }
    }
}
