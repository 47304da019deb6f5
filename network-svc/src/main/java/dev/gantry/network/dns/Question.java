package dev.gantry.network.dns;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRecordType;

import java.util.Locale;
import java.util.Optional;

/**
 * What a query asks, RFC 1035 section 4.1. The rest of the message is left alone: what is passed on
 * is passed on as it came.
 *
 * @param id of the message
 * @param recursion whether recursion is desired
 * @param name in lower case, without the last dot
 */
record Question(int id, boolean recursion, String name, DnsRecordType type) {
    private static final int HEADER = 12;
    private static final int RESPONSE_OR_OPCODE = 0xf800;
    private static final int CLASS_IN = 1;

    /** Reads it; empty unless the message is a standard query with one question of class IN. */
    static Optional<Question> read(ByteBuf message) {
        if (message.readableBytes() < HEADER + 5) {
            return Optional.empty();
        }
        var in = message.duplicate();
        int id = in.readUnsignedShort();
        int flags = in.readUnsignedShort();
        int questions = in.readUnsignedShort();
        if ((flags & RESPONSE_OR_OPCODE) != 0 || questions != 1) {
            return Optional.empty();
        }
        in.skipBytes(6);
        try {
            var name = DefaultDnsRecordDecoder.decodeName(in);
            int type = in.readUnsignedShort();
            if (in.readUnsignedShort() != CLASS_IN) {
                return Optional.empty();
            }
            name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
            return Optional.of(
                    new Question(
                            id,
                            (flags & 0x100) != 0,
                            name.toLowerCase(Locale.ROOT),
                            DnsRecordType.valueOf(type)));
        } catch (CorruptedFrameException | IndexOutOfBoundsException e) {
            return Optional.empty(); // not a DNS message: there is nobody to tell
        }
    }
}
