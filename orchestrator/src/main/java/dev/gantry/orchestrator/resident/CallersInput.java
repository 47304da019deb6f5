package dev.gantry.orchestrator.resident;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A caller's standard input. The caller reads it, when it is asked: a read of ours that nobody
 * waits for any more would take what is meant for the caller's shell.
 */
final class CallersInput extends InputStream {
    private static final int CHUNK = 32 << 10;

    private final RemoteInvocation caller;
    private final LinkedBlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
    private byte[] rest = new byte[0];
    private int position;
    private boolean ended;

    CallersInput(RemoteInvocation caller) {
        this.caller = caller;
    }

    /** What the caller has read; nothing at the end of its input, or when it has gone. */
    void arrived(byte[] bytes) {
        arrived.add(bytes);
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public synchronized int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        if (position == rest.length && !fill()) {
            return -1;
        }
        int n = Math.min(length, rest.length - position);
        System.arraycopy(rest, position, bytes, offset, n);
        position += n;
        return n;
    }

    private boolean fill() throws IOException {
        if (ended) {
            return false;
        }
        caller.askForInput(CHUNK);
        try {
            rest = arrived.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted");
        }
        position = 0;
        ended = rest.length == 0;
        return !ended;
    }

    @Override
    public synchronized int available() {
        return rest.length - position;
    }
}
