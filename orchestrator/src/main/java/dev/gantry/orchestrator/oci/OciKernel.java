package dev.gantry.orchestrator.oci;

import dev.gantry.bus.linux.SyscallResult;

/**
 * Every kernel call that gantry-oci makes beyond what the JDK does with files and processes. Names
 * are those of section 2 of the manual.
 */
interface OciKernel {
    /** pidfd_open(2). */
    SyscallResult pidfdOpen(long pid);

    /** pidfd_send_signal(2). */
    SyscallResult pidfdSendSignal(int pidfd, int signal);

    /** close(2). */
    SyscallResult close(int descriptor);
}
