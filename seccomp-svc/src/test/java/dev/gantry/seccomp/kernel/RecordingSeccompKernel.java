package dev.gantry.seccomp.kernel;

import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;

import java.util.ArrayList;
import java.util.List;

/** A kernel that knows everything, on x86_64, and remembers what it was asked. */
public final class RecordingSeccompKernel implements SeccompKernel {
    private static final int EFAULT = 14;

    /** What it was asked. */
    public final List<String> calls = new ArrayList<>();

    private final boolean filters;

    /** With filters. */
    public RecordingSeccompKernel() {
        this(true);
    }

    /** With or without filters. */
    public RecordingSeccompKernel(boolean filters) {
        this.filters = filters;
    }

    @Override
    public SyscallResult actionAvailable(int action) {
        calls.add("SECCOMP_GET_ACTION_AVAIL 0x%x".formatted(action));
        return filters ? new SyscallResult(0, 0) : new SyscallResult(-1, Errno.ENOSYS);
    }

    @Override
    public SyscallResult filterWithoutProgram(long flags) {
        calls.add("SECCOMP_SET_MODE_FILTER %d NULL".formatted(flags));
        return new SyscallResult(-1, filters ? EFAULT : Errno.ENOSYS);
    }

    @Override
    public String machine() {
        return "amd64";
    }

    @Override
    public String release() {
        return "6.18.44";
    }
}
