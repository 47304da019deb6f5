package dev.gantry.network.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Several netlink requests in the kernel's wire form, to be sent in one go (netlink(7),
 * rtnetlink(7)). Every request asks for an acknowledgement; the kernel goes on after one that
 * fails.
 *
 * <p>Numbers are in host order, which is little-endian on the machines that Gantry runs on.
 */
public final class NetlinkBatch {
    static final int NLM_F_REQUEST = 0x1;
    static final int NLM_F_ACK = 0x4;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_CREATE = 0x400;
    static final int NLM_F_DUMP = 0x300;

    private ByteBuffer buffer = ByteBuffer.allocate(512).order(ByteOrder.nativeOrder());
    private int messages;
    private int messageStart = -1;

    /** How many requests it has. */
    public int messages() {
        return messages;
    }

    /**
     * The bytes, with sequence numbers that begin at {@code firstSequence}.
     *
     * @param firstSequence of the first request; the others follow
     */
    public byte[] bytes(int firstSequence) {
        endMessage();
        var out = Arrays.copyOf(buffer.array(), buffer.position());
        var view = ByteBuffer.wrap(out).order(ByteOrder.nativeOrder());
        int sequence = firstSequence;
        for (int at = 0; at < out.length; at += align(view.getInt(at))) {
            view.putInt(at + 8, sequence++);
        }
        return out;
    }

    /** Begins a request. */
    public NetlinkBatch message(int type, int flags) {
        endMessage();
        room(16);
        messageStart = buffer.position();
        messages++;
        buffer.putInt(0)
                .putShort((short) type)
                .putShort((short) (NLM_F_REQUEST | flags))
                .putInt(0)
                .putInt(0);
        return this;
    }

    /** Appends bytes as they are. */
    public NetlinkBatch raw(byte... bytes) {
        room(bytes.length);
        buffer.put(bytes);
        return this;
    }

    /** Appends a 32 bit number. */
    public NetlinkBatch raw32(int value) {
        room(4);
        buffer.putInt(value);
        return this;
    }

    /** Appends a 16 bit number. */
    public NetlinkBatch raw16(int value) {
        room(2);
        buffer.putShort((short) value);
        return this;
    }

    /** Appends an attribute of bytes. */
    public NetlinkBatch attribute(int type, byte... value) {
        room(8 + value.length);
        buffer.putShort((short) (4 + value.length)).putShort((short) type).put(value);
        pad();
        return this;
    }

    /** Appends an attribute that is a 32 bit number. */
    public NetlinkBatch attribute32(int type, int value) {
        room(8);
        buffer.putShort((short) 8).putShort((short) type).putInt(value);
        return this;
    }

    /** Appends an attribute that is a zero-terminated text. */
    public NetlinkBatch attributeText(int type, String value) {
        return attribute(type, (value + "\0").getBytes(StandardCharsets.US_ASCII));
    }

    /** Appends an attribute that holds what {@code content} appends. */
    public NetlinkBatch nested(int type, Runnable content) {
        room(4);
        int start = buffer.position();
        buffer.putShort((short) 0).putShort((short) type);
        content.run();
        buffer.putShort(start, (short) (buffer.position() - start));
        return this;
    }

    private void endMessage() {
        if (messageStart >= 0) {
            buffer.putInt(messageStart, buffer.position() - messageStart);
            pad();
            messageStart = -1;
        }
    }

    private void pad() {
        int missing = align(buffer.position()) - buffer.position();
        room(missing);
        for (int i = 0; i < missing; i++) {
            buffer.put((byte) 0);
        }
    }

    private void room(int bytes) {
        if (buffer.remaining() < bytes + 8) {
            var larger =
                    ByteBuffer.allocate(buffer.capacity() * 2 + bytes)
                            .order(ByteOrder.nativeOrder());
            buffer.flip();
            larger.put(buffer);
            buffer = larger;
        }
    }

    static int align(int length) {
        return (length + 3) & ~3;
    }
}
