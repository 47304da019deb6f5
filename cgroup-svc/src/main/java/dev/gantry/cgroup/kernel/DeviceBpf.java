package dev.gantry.cgroup.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The two commands of bpf(2) that device filters need. libc has no wrapper for it. */
final class DeviceBpf {
    private static final int BPF_PROG_LOAD = 5;
    private static final int BPF_PROG_ATTACH = 8;
    private static final int BPF_PROG_TYPE_CGROUP_DEVICE = 15;
    private static final int BPF_CGROUP_DEVICE = 6;
    private static final int ATTR_SIZE = 120;
    private static final int INSTRUCTION = 8;
    private static final long NUMBER = "amd64".equals(System.getProperty("os.arch")) ? 321 : 280;

    private static final MethodHandle BPF =
            Libc.variadic(
                    "syscall",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT),
                    1);

    SyscallResult load(byte[] instructions) {
        return Libc.call(
                (errno, arena) -> {
                    var code = arena.allocate(instructions.length, 8);
                    MemorySegment.copy(instructions, 0, code, JAVA_BYTE, 0, instructions.length);
                    var attr = arena.allocate(ATTR_SIZE, 8);
                    attr.set(JAVA_INT, 0, BPF_PROG_TYPE_CGROUP_DEVICE);
                    attr.set(JAVA_INT, 4, instructions.length / INSTRUCTION);
                    attr.set(JAVA_LONG, 8, code.address());
                    attr.set(JAVA_LONG, 16, arena.allocateFrom("Apache-2.0").address());
                    attr.asSlice(48, 16).setString(0, "gantry_devices");
                    attr.set(JAVA_INT, 68, BPF_CGROUP_DEVICE);
                    return (long) BPF.invokeExact(errno, NUMBER, BPF_PROG_LOAD, attr, ATTR_SIZE);
                });
    }

    SyscallResult attach(int cgroup, int program) {
        return Libc.call(
                (errno, arena) -> {
                    var attr = arena.allocate(ATTR_SIZE, 8);
                    attr.set(JAVA_INT, 0, cgroup);
                    attr.set(JAVA_INT, 4, program);
                    attr.set(JAVA_INT, 8, BPF_CGROUP_DEVICE);
                    return (long) BPF.invokeExact(errno, NUMBER, BPF_PROG_ATTACH, attr, ATTR_SIZE);
                });
    }
}
