package dev.gantry.orchestrator.events;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.container.ContainerResult.EventPage;
import dev.gantry.bus.contract.container.ContainerResult.LoggedEvent;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.model.Clock;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The durable log of events: numbered from 1 on, kept in segment files of JSON lines that are named
 * by their first number. The oldest segments go when all together exceed the size to keep; a reader
 * whose cursor is older is told how many it missed.
 */
public final class Journal implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Journal.class.getName());
    private static final int MAX_PAGE = 1000;
    private static final long SYNC_MILLIS = 200;

    private final Path directory;
    private final long segmentBytes;
    private final long keepBytes;
    private final TreeMap<Long, Path> segments = new TreeMap<>();
    private final Thread syncer;
    private FileChannel current;
    private long next = 1;
    private boolean isNew;
    private boolean dirty;
    private boolean closed;

    /** Opens the journal below a directory: segments of 4 MiB, 64 MiB in all. */
    public Journal(Path directory) {
        this(directory, 4L << 20, 64L << 20);
    }

    /** Opens a journal with sizes of its own. */
    public Journal(Path directory, long segmentBytes, long keepBytes) {
        this.directory = directory;
        this.segmentBytes = segmentBytes;
        this.keepBytes = keepBytes;
        try {
            Files.createDirectories(directory);
            recover();
        } catch (IOException e) {
            throw failed("open " + directory, e);
        }
        this.syncer = Thread.ofVirtual().name("event-sync").start(this::sync);
    }

    private void recover() throws IOException {
        try (var files = Files.newDirectoryStream(directory, "*.events")) {
            for (var file : files) {
                var name = file.getFileName().toString();
                segments.put(Long.parseLong(name.substring(0, name.indexOf('.'))), file);
            }
        }
        if (segments.isEmpty()) {
            isNew = true;
            roll();
            return;
        }
        var last = segments.lastEntry();
        var content = Files.readAllBytes(last.getValue());
        int whole = content.length;
        while (whole > 0 && content[whole - 1] != '\n') {
            whole--; // A line that a crash cut short was never acknowledged to anyone.
        }
        long lines = 0;
        for (int i = 0; i < whole; i++) {
            lines += content[i] == '\n' ? 1 : 0;
        }
        next = last.getKey() + lines;
        current = FileChannel.open(last.getValue(), StandardOpenOption.WRITE);
        current.truncate(whole);
        current.position(whole);
    }

    /** Whether there was no journal before: nothing can have been missed. */
    public boolean isNew() {
        return isNew;
    }

    /**
     * Appends an event and returns its number. Never throws: a full disk must stop no container.
     */
    public synchronized long append(String topic, ObjectNode body) {
        var time = body.path("timeNanos").canConvertToLong() ? body.path("timeNanos").asLong() : 0;
        var event = new LoggedEvent(next, time > 0 ? time : Clock.nowNanos(), topic, body);
        try {
            if (current.position() >= segmentBytes) {
                roll();
            }
            write(event);
            dirty = true;
            notifyAll();
            return next++;
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "event {0} is lost: {1}", topic, e);
            return -1;
        }
    }

    private void write(LoggedEvent event) throws IOException {
        long before = current.position();
        var line =
                ByteBuffer.wrap(
                        (Json.mapper().writeValueAsString(event) + "\n")
                                .getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                current.write(line);
            }
        } catch (IOException e) {
            current.truncate(before); // Half a line would spoil the numbers of all after it.
            throw e;
        }
    }

    private void roll() throws IOException {
        if (current != null) {
            current.force(false);
            current.close();
        }
        var file = directory.resolve(String.format("%020d.events", next));
        current = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        segments.put(next, file);
        long total = 0;
        for (var segment : segments.values()) {
            total += Files.size(segment);
        }
        while (segments.size() > 1 && total > keepBytes) {
            var oldest = segments.firstEntry();
            total -= Files.size(oldest.getValue());
            Files.delete(oldest.getValue());
            segments.remove(oldest.getKey());
        }
    }

    /**
     * Events after a number, at most as many as asked for (and 1000). A negative number asks for
     * nothing but the cursor of the present end.
     */
    public EventPage read(long after, int max) {
        List<Map.Entry<Long, Path>> files;
        long first;
        long end;
        synchronized (this) {
            first = segments.firstKey();
            end = next;
            if (after < 0) {
                return new EventPage(List.of(), end - 1, 0);
            }
            var from = segments.floorKey(Math.max(first, Math.min(after + 1, end)));
            files = List.copyOf(segments.tailMap(from).entrySet());
        }
        int limit = max <= 0 ? MAX_PAGE : Math.min(max, MAX_PAGE);
        var events = new ArrayList<LoggedEvent>();
        for (var file : files) {
            if (events.size() < limit) {
                read(file.getValue(), after, end, limit, events);
            }
        }
        // A segment may have gone while it was read, so what was missed is counted from the result.
        long begin = events.isEmpty() ? Math.max(first, after + 1) : events.getFirst().sequence();
        long missed = Math.max(0, begin - after - 1);
        long cursor = events.isEmpty() ? begin - 1 : events.getLast().sequence();
        return new EventPage(events, Math.min(cursor, end - 1), missed);
    }

    private static void read(Path file, long after, long end, int limit, List<LoggedEvent> events) {
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (var line = lines.readLine();
                    line != null && events.size() < limit;
                    line = lines.readLine()) {
                var event = Json.mapper().readValue(line, LoggedEvent.class);
                if (event.sequence() > after && event.sequence() < end) {
                    events.add(event);
                }
            }
        } catch (JsonProcessingException stillBeingWritten) {
            // The line after the last that counted; its number is not below end.
        } catch (IOException e) {
            throw failed("read " + file, e);
        }
    }

    // Groups what comes within a fifth of a second into one fsync.
    private void sync() {
        try {
            while (true) {
                FileChannel channel;
                synchronized (this) {
                    while (!dirty && !closed) {
                        wait();
                    }
                    if (!dirty) {
                        return;
                    }
                    dirty = false;
                    channel = current;
                }
                force(channel);
                synchronized (this) {
                    if (!closed) {
                        pause();
                    }
                }
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private void pause() throws InterruptedException {
        long end = System.nanoTime() + SYNC_MILLIS * 1_000_000;
        for (long left = SYNC_MILLIS; left > 0 && !closed; ) {
            wait(left);
            left = (end - System.nanoTime()) / 1_000_000;
        }
    }

    private static void force(FileChannel channel) {
        try {
            if (channel.isOpen()) {
                channel.force(false);
            }
        } catch (java.nio.channels.ClosedChannelException rolled) {
            // Was forced when it was closed.
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, "sync of events: {0}", e.toString());
        }
    }

    private static FaultException failed(String what, IOException e) {
        return FaultException.of(FaultCode.INTERNAL, "%s: %s", what, e);
    }

    @Override
    public void close() {
        // Not by interrupt: that would close the channel under an fsync.
        synchronized (this) {
            closed = true;
            dirty = false;
            notifyAll();
            try {
                current.force(false);
                current.close();
            } catch (IOException e) {
                LOG.log(System.Logger.Level.ERROR, "close of events: {0}", e.toString());
            }
        }
    }
}
