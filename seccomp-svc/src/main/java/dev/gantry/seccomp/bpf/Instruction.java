package dev.gantry.seccomp.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * {@code struct sock_filter} of linux/filter.h.
 *
 * @param code one of the constants here: those that the kernel follows when it works out which
 *     calls are always allowed (since Linux 5.11), and no others
 * @param jt how many instructions to skip where a jump's test holds, 0 to 255
 * @param jf how many where it does not
 */
public record Instruction(int code, int jt, int jf, int k) {
    /** BPF_LD | BPF_W | BPF_ABS: a word of {@code seccomp_data}. */
    public static final int LOAD = 0x20;

    /** BPF_ALU | BPF_AND | BPF_K. */
    public static final int AND = 0x54;

    /** BPF_JMP | BPF_JA. */
    public static final int JUMP = 0x05;

    /** BPF_JMP | BPF_JEQ | BPF_K. */
    public static final int JUMP_EQUAL = 0x15;

    /** BPF_JMP | BPF_JGT | BPF_K, unsigned. */
    public static final int JUMP_GREATER = 0x25;

    /** BPF_JMP | BPF_JGE | BPF_K, unsigned. */
    public static final int JUMP_GREATER_EQUAL = 0x35;

    /** BPF_RET | BPF_K. */
    public static final int RETURN = 0x06;

    /** Bytes of one instruction. */
    public static final int SIZE = 8;

    /** The array as the kernel takes it, in the host's byte order. */
    public static byte[] encode(List<Instruction> program) {
        var bytes = ByteBuffer.allocate(program.size() * SIZE).order(ByteOrder.nativeOrder());
        for (var i : program) {
            bytes.putShort((short) i.code).put((byte) i.jt).put((byte) i.jf).putInt(i.k);
        }
        return bytes.array();
    }
}
