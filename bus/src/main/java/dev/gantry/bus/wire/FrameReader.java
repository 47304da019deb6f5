package dev.gantry.bus.wire;

import dev.gantry.bus.fault.FaultException;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into frames: a 4-byte big-endian length, then so many bytes of JSON. The
 * length is checked before anything is allocated, and memory grows with what has come, not with
 * what was announced.
 */
public final class FrameReader {
    /** Longest frame by default: 4 MiB. */
    public static final int DEFAULT_LONGEST = 4 * 1024 * 1024;

    private static final int PREFIX = 4;
    private static final int FIRST_ALLOCATION = 4096;

    private final int longest;
    private int prefix;
    private int prefixBytes;
    private byte[] frame = {};
    private int length;
    private int filled;

    /** A reader that refuses frames with more bytes than this. */
    public FrameReader(int longest) {
        this.longest = longest;
    }

    /** Takes what has come, and hands every frame over that is complete. */
    public void read(ByteBuffer data, Consumer<byte[]> frames) {
        while (data.hasRemaining()) {
            if (prefixBytes < PREFIX) {
                prefix = prefix << 8 | data.get() & 0xff;
                if (++prefixBytes == PREFIX) {
                    begin();
                }
            } else {
                fill(data);
                if (filled == length) {
                    var whole = frame.length == length ? frame : Arrays.copyOf(frame, length);
                    reset();
                    frames.accept(whole);
                }
            }
        }
    }

    /** Whether a frame has begun and is not complete. */
    public boolean isMidFrame() {
        return prefixBytes > 0;
    }

    /** Bytes that are held for a frame that is not complete. */
    public int held() {
        return frame.length;
    }

    private void begin() {
        // The length is unsigned on the wire.
        if (prefix <= 0 || prefix > longest) {
            throw FaultException.invalid(
                    "a frame of %d bytes was announced, 1 to %d are taken",
                    Integer.toUnsignedLong(prefix), longest);
        }
        length = prefix;
        frame = new byte[Math.min(length, FIRST_ALLOCATION)];
    }

    private void fill(ByteBuffer data) {
        var take = Math.min(length - filled, data.remaining());
        if (filled + take > frame.length) {
            var grown = Math.max((long) frame.length * 2, filled + take);
            frame = Arrays.copyOf(frame, (int) Math.min(grown, length));
        }
        data.get(frame, filled, take);
        filled += take;
    }

    private void reset() {
        prefix = 0;
        prefixBytes = 0;
        frame = new byte[0];
        length = 0;
        filled = 0;
    }
}
