package dev.gantry.namespace.launcher;

import dev.gantry.namespace.plan.LaunchPlan.Timing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the launcher and its shims say, protocol.md section 2. */
public sealed interface ShimMessage {
    /** Bytes of the header. */
    int HEADER = 16;

    int MAGIC = 0x31544e47;

    /** The child exists. */
    record Created(long pid, long startTicks, long shimPid, boolean running)
            implements ShimMessage {}

    /** A request failed: at which operation of the plan (−1: none), why, in words. */
    record Failed(int op, int opcode, int errno, String message) implements ShimMessage {}

    /** What came of operations, by their position in the plan. */
    record Timings(Map<Integer, Timing> at) implements ShimMessage {}

    /** Done. */
    record Ok() implements ShimMessage {}

    /** The state, with what was lost on the way. */
    record Status(
            int phase,
            long pid,
            long startTicks,
            int code,
            int signal,
            long exitNanos,
            long logBytes,
            long logErrors,
            int logErrno)
            implements ShimMessage {}

    /** The process ended. */
    record Exited(int code, int signal, long nanos) implements ShimMessage {}

    /** The command runs. */
    record Started() implements ShimMessage {}

    /** A message with the number of the request that it answers; 0 for an event. */
    record Packet(int seq, ShimMessage message) {}

    /**
     * Takes a packet apart; the buffer is little-endian and holds all of it.
     *
     * @throws IllegalArgumentException if it is not one that protocol.md knows
     */
    static Packet parse(ByteBuffer in) {
        if (in.remaining() < HEADER || in.getInt() != MAGIC) {
            throw new IllegalArgumentException("not a message of the launcher");
        }
        int type = in.getShort() & 0xffff;
        int version = in.getShort();
        int seq = in.getInt();
        int length = in.getInt();
        if (version != 1 || length != in.remaining()) {
            throw new IllegalArgumentException(
                    "message of version %d with %d of %d bytes"
                            .formatted(version, in.remaining(), length));
        }
        return new Packet(seq, body(type, in));
    }

    private static ShimMessage body(int type, ByteBuffer in) {
        return switch (type) {
            case 0x81 -> new Created(u32(in), in.getLong(), u32(in), in.get() != 0);
            case 0x82 -> new Failed(in.getInt(), in.getShort() & 0xffff, in.getInt(), string(in));
            case 0x83 -> timings(in);
            case 0x84 -> new Ok();
            case 0x85 ->
                    new Status(
                            in.get(),
                            u32(in),
                            in.getLong(),
                            in.getInt(),
                            in.getInt(),
                            in.getLong(),
                            in.getLong(),
                            in.getLong(),
                            in.getInt());
            case 0x86 -> new Exited(in.getInt(), in.getInt(), in.getLong());
            case 0x87 -> new Started();
            default -> throw new IllegalArgumentException("message type " + type);
        };
    }

    private static Timings timings(ByteBuffer in) {
        long base = in.getLong();
        int count = in.getInt();
        var at = new LinkedHashMap<Integer, Timing>();
        for (int i = 0; i < count; i++) {
            int index = in.getShort() & 0xffff;
            in.getShort(); // the opcode, which the plan knows
            int errno = in.getInt();
            long start = in.getLong();
            at.put(index, new Timing(base + start, in.getLong(), errno));
        }
        return new Timings(at);
    }

    private static long u32(ByteBuffer in) {
        return in.getInt() & 0xffff_ffffL;
    }

    private static String string(ByteBuffer in) {
        var bytes = new byte[Math.clamp(u32(in), 0, in.remaining())];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
