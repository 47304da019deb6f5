package dev.gantry.seccomp.kernel;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** {@link SeccompKernel} by syscall(2), for which the C library has no function of its own. */
public final class FfmSeccompKernel implements SeccompKernel {
    private static final int SECCOMP_SET_MODE_FILTER = 1;
    private static final int SECCOMP_GET_ACTION_AVAIL = 2;

    private static final MethodHandle SYSCALL =
            Libc.variadic(
                    "syscall",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS),
                    1);

    @Override
    public SyscallResult actionAvailable(int action) {
        try (var arena = Arena.ofConfined()) {
            return seccomp(
                    arena,
                    SECCOMP_GET_ACTION_AVAIL,
                    0,
                    arena.allocateFrom(ValueLayout.JAVA_INT, action));
        }
    }

    @Override
    public SyscallResult filterWithoutProgram(long flags) {
        try (var arena = Arena.ofConfined()) {
            return seccomp(arena, SECCOMP_SET_MODE_FILTER, (int) flags, MemorySegment.NULL);
        }
    }

    @Override
    public String machine() {
        return System.getProperty("os.arch");
    }

    @Override
    public String release() {
        return System.getProperty("os.version");
    }

    private SyscallResult seccomp(Arena arena, int operation, int flags, MemorySegment argument) {
        var architecture =
                switch (machine()) {
                    case "aarch64" -> Architecture.AARCH64;
                    default -> Architecture.X86_64;
                };
        long number = SyscallTable.of(architecture).number("seccomp").orElseThrow();
        return Libc.call(
                arena,
                (state, a) ->
                        (long) SYSCALL.invokeExact(state, number, operation, flags, argument));
    }
}
