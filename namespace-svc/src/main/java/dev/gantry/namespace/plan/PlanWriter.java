package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Writes the launcher's little-endian wire form (protocol.md, section 1) into one buffer that
 * grows. Refuses what the launcher would refuse, so that nothing invalid is ever sent: a NUL or
 * half a surrogate pair in a string, a string above 64 KiB, a list above 4096 elements, a body
 * above 1 MiB.
 */
public final class PlanWriter {
    private static final int MAX_BODY = 1 << 20;
    private static final int MAX_STRING = 1 << 16;
    private static final int MAX_LIST = 4096;

    private ByteBuffer buffer = ByteBuffer.allocate(16 << 10).order(ByteOrder.LITTLE_ENDIAN);

    /** Writes 8 bits. */
    public PlanWriter u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    /** Writes 16 bits. */
    public PlanWriter u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    /** Writes 32 bits. */
    public PlanWriter u32(long value) {
        room(4).putInt((int) value);
        return this;
    }

    /** Writes 64 bits. */
    public PlanWriter u64(long value) {
        room(8).putLong(value);
        return this;
    }

    /** Writes a string in UTF-8 with its length. */
    public PlanWriter string(String text) {
        int at = reserve();
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            if (c == 0 || c >= 0xd800 && c <= 0xdfff) {
                throw FaultException.invalid(
                        "%s holds %s, which no path or argument can",
                        Names.quote(text), c == 0 ? "a NUL" : "half a surrogate pair");
            }
            codePoint(c);
        }
        int length = settle(at);
        if (length > MAX_STRING) {
            throw FaultException.invalid(
                    "%s has %d bytes, the launcher takes 65536", Names.quote(text), length);
        }
        return this;
    }

    /** Writes bytes with their length. */
    public PlanWriter bytes(byte[] bytes) {
        u32(bytes.length);
        room(bytes.length).put(bytes);
        return this;
    }

    /** Writes a list, each element by {@code element}. */
    public <T> PlanWriter list(List<T> list, BiConsumer<PlanWriter, T> element) {
        if (list.size() > MAX_LIST) {
            throw FaultException.invalid(
                    "a list has %d elements, the launcher takes %d", list.size(), MAX_LIST);
        }
        u32(list.size());
        for (T item : list) {
            element.accept(this, item);
        }
        return this;
    }

    /** Leaves room for a u32 length and says where. */
    int reserve() {
        u32(0);
        return buffer.position();
    }

    /** Fills in the length of all that was written since {@link #reserve}; returns it. */
    int settle(int since) {
        int length = buffer.position() - since;
        buffer.putInt(since - 4, length);
        return length;
    }

    /** What was written, ready to be read. */
    public ByteBuffer finish() {
        return buffer.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private void codePoint(int c) {
        if (c < 0x80) {
            u8(c);
        } else if (c < 0x800) {
            u8(0xc0 | c >> 6).u8(0x80 | c & 0x3f);
        } else if (c < 0x10000) {
            u8(0xe0 | c >> 12).u8(0x80 | c >> 6 & 0x3f).u8(0x80 | c & 0x3f);
        } else {
            u8(0xf0 | c >> 18).u8(0x80 | c >> 12 & 0x3f).u8(0x80 | c >> 6 & 0x3f);
            u8(0x80 | c & 0x3f);
        }
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int needed = buffer.position() + bytes;
            if (needed > MAX_BODY) {
                throw FaultException.invalid(
                        "the launch plan exceeds the launcher's limit of %d bytes", MAX_BODY);
            }
            var larger =
                    ByteBuffer.allocate(Math.min(MAX_BODY, Math.max(needed, buffer.capacity() * 2)))
                            .order(ByteOrder.LITTLE_ENDIAN);
            buffer = larger.put(buffer.flip());
        }
        return buffer;
    }
}
