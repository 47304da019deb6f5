package dev.gantry.storage.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Reads a stream on a thread of its own, a bounded way ahead of who reads this: unpacking and
 * digesting take place while files are written. What the other thread stumbles over is thrown here,
 * once all that came before was read.
 */
public final class ReadAhead extends InputStream {
    private static final int CHUNK = 128 * 1024;

    /** What may lie between the two threads: CHUNKS + 2 chunks are all the memory it takes. */
    private static final int CHUNKS = 4;

    private final BlockingQueue<Chunk> full = new ArrayBlockingQueue<>(CHUNKS);
    private final BlockingQueue<byte[]> free = new ArrayBlockingQueue<>(CHUNKS + 2);
    private final InputStream in;
    private final Thread reader;
    private Chunk current = new Chunk(new byte[0], 0, null);
    private int at;
    private boolean ended;

    /** Bytes, or (without any) the end, or what was thrown. */
    private record Chunk(byte[] bytes, int length, Throwable failure) {}

    /**
     * Begins to read. The stream is the reader's until this is closed; closing it is the caller's.
     */
    public ReadAhead(InputStream in) {
        this.in = in;
        for (int i = 0; i < CHUNKS + 2; i++) {
            free.add(new byte[CHUNK]);
        }
        this.reader = Thread.ofPlatform().daemon().name("read-ahead").start(this::run);
    }

    private void run() {
        try {
            while (true) {
                var bytes = free.take();
                Chunk chunk;
                try {
                    int length = in.readNBytes(bytes, 0, bytes.length);
                    chunk = new Chunk(bytes, length, null);
                } catch (IOException | RuntimeException | Error e) {
                    chunk = new Chunk(bytes, 0, e);
                }
                full.put(chunk);
                if (chunk.length() < bytes.length) {
                    if (chunk.length() > 0) {
                        full.put(new Chunk(bytes, 0, null));
                    }
                    return;
                }
            }
        } catch (InterruptedException e) {
            // Nobody reads any more.
        }
    }

    @Override
    public int read() throws IOException {
        return fill() ? current.bytes()[at++] & 0xff : -1;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, current.length() - at);
        System.arraycopy(current.bytes(), at, bytes, offset, count);
        at += count;
        return count;
    }

    @Override
    public long skip(long wanted) throws IOException {
        if (wanted <= 0 || !fill()) {
            return 0;
        }
        int count = (int) Math.min(wanted, current.length() - at);
        at += count;
        return count;
    }

    /** Whether there is a byte to read. */
    private boolean fill() throws IOException {
        while (at == current.length() && !ended) {
            try {
                if (current.length() > 0) {
                    free.put(current.bytes());
                }
                current = full.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("unpacking was given up");
            }
            at = 0;
            ended = current.length() == 0;
        }
        if (current.failure() != null) {
            thrown(current.failure());
        }
        return !ended;
    }

    private static void thrown(Throwable failure) throws IOException {
        switch (failure) {
            case IOException e -> throw e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    /** Ends the reader, so that the stream is the caller's again. */
    @Override
    public void close() {
        reader.interrupt();
        Joining.join(reader);
    }
}
