package dev.gantry.cgroup.v2;

import dev.gantry.cgroup.controller.DevicePolicy;
import dev.gantry.cgroup.controller.DevicePolicy.Rule;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Devices of v2: there is no file, but a BPF program of type BPF_PROG_TYPE_CGROUP_DEVICE that the
 * kernel runs at each open and mknod (bpf(2), cgroup-v2.rst "Device controller").
 *
 * <p>The context is {@code struct bpf_cgroup_dev_ctx}: u32 access_type (access in the upper 16
 * bits, type in the lower), u32 major, u32 minor. It answers 1 (allow) or 0 (EPERM).
 */
public final class Devices {
    private static final int LDX_W = 0x61;
    private static final int MOV_REGISTER = 0xbf;
    private static final int MOV = 0xb7;
    private static final int AND = 0x57;
    private static final int SHIFT_RIGHT = 0x77;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_NOT_EQUAL = 0x55;
    private static final int EXIT = 0x95;

    private static final int ANSWER = 0;
    private static final int CONTEXT = 1;
    private static final int TYPE = 2;
    private static final int ACCESS = 3;
    private static final int MAJOR = 4;
    private static final int MINOR = 5;
    private static final int SCRATCH = 6;

    private static final int INSTRUCTION = 8;

    private final ByteBuffer code;

    private Devices(int rules) {
        code = ByteBuffer.allocate((8 + rules * 9) * INSTRUCTION).order(ByteOrder.nativeOrder());
    }

    /** The program of a policy, as {@code struct bpf_insn}s. */
    public static byte[] program(DevicePolicy policy) {
        var program = new Devices(policy.exceptions().size());
        program.prologue();
        policy.exceptions().forEach(rule -> program.rule(rule, policy.allowAll()));
        program.answer(policy.allowAll());
        var bytes = new byte[program.code.position()];
        program.code.flip().get(bytes);
        return bytes;
    }

    private void prologue() {
        emit(LDX_W, TYPE, CONTEXT, 0, 0);
        emit(MOV_REGISTER, ACCESS, TYPE, 0, 0);
        emit(SHIFT_RIGHT, ACCESS, 0, 0, 16);
        emit(AND, TYPE, 0, 0, 0xFFFF);
        emit(LDX_W, MAJOR, CONTEXT, 4, 0);
        emit(LDX_W, MINOR, CONTEXT, 8, 0);
    }

    /**
     * A permission must cover all of the access asked for; a denial needs only touch some of it.
     */
    private void rule(Rule rule, boolean denial) {
        boolean anyAccess = rule.access() == Rule.ALL;
        var tests =
                List.of(
                        rule.major() == DevicePolicy.ANY ? 0 : 1,
                        rule.minor() == DevicePolicy.ANY ? 0 : 1,
                        anyAccess ? 0 : 3);
        int left = tests.stream().mapToInt(Integer::intValue).sum() + 2;
        emit(JUMP_NOT_EQUAL, TYPE, 0, left, rule.type() == 'b' ? 1 : 2);
        if (rule.major() != DevicePolicy.ANY) {
            emit(JUMP_NOT_EQUAL, MAJOR, 0, --left, (int) rule.major());
        }
        if (rule.minor() != DevicePolicy.ANY) {
            emit(JUMP_NOT_EQUAL, MINOR, 0, --left, (int) rule.minor());
        }
        if (!anyAccess) {
            emit(MOV_REGISTER, SCRATCH, ACCESS, 0, 0);
            emit(AND, SCRATCH, 0, 0, denial ? rule.access() : Rule.ALL & ~rule.access());
            emit(denial ? JUMP_EQUAL : JUMP_NOT_EQUAL, SCRATCH, 0, 2, 0);
        }
        answer(!denial);
    }

    private void answer(boolean allow) {
        emit(MOV, ANSWER, 0, 0, allow ? 1 : 0);
        emit(EXIT, 0, 0, 0, 0);
    }

    private void emit(int opcode, int destination, int source, int offset, int immediate) {
        code.put((byte) opcode)
                .put((byte) (source << 4 | destination))
                .putShort((short) offset)
                .putInt(immediate);
    }
}
