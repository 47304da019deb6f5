package dev.gantry.orchestrator.oci;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** The kernel itself, by FFM. */
final class LinuxOciKernel implements OciKernel {
    /** The same on x86_64 and aarch64. */
    private static final long PIDFD_SEND_SIGNAL = 424;

    private static final long PIDFD_OPEN = 434;
    private static final MethodHandle SYSCALL =
            Libc.variadic(
                    "syscall",
                    FunctionDescriptor.of(
                            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                    1);

    @Override
    public SyscallResult pidfdOpen(long pid) {
        return Libc.call(
                (state, arena) -> (long) SYSCALL.invokeExact(state, PIDFD_OPEN, pid, 0L, 0L, 0L));
    }

    @Override
    public SyscallResult pidfdSendSignal(int pidfd, int signal) {
        long fd = pidfd;
        long number = signal;
        return Libc.call(
                (state, arena) ->
                        (long) SYSCALL.invokeExact(state, PIDFD_SEND_SIGNAL, fd, number, 0L, 0L));
    }

    @Override
    public SyscallResult close(int descriptor) {
        return Libc.close(descriptor);
    }
}
