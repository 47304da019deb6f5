package dev.gantry.seccomp.kernel;

import dev.gantry.bus.linux.SyscallResult;

/**
 * Every kernel call that seccomp-svc makes, all of them questions. None loads a filter, none needs
 * a right.
 */
public interface SeccompKernel {
    /**
     * seccomp(2) SECCOMP_GET_ACTION_AVAIL: 0 if the kernel knows the action, EOPNOTSUPP if not,
     * ENOSYS before Linux 3.17, EINVAL before 4.14.
     *
     * @param action SECCOMP_RET_…
     */
    SyscallResult actionAvailable(int action);

    /**
     * seccomp(2) SECCOMP_SET_MODE_FILTER with a null program: EFAULT if the kernel knows filters
     * and the flags, EINVAL if not. It cannot succeed.
     */
    SyscallResult filterWithoutProgram(long flags);

    /** The machine, as uname(2) names it. */
    String machine();

    /** The kernel's release, as uname(2) names it. */
    String release();
}
