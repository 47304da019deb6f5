package dev.gantry.seccomp;

import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult;

/**
 * Turns profiles into filters, and filters into words. A profile is Docker's JSON or the OCI form;
 * what it says about capabilities, architecture and kernel is decided for one container on this
 * host. Nothing is loaded: that is a step of the launch plan.
 */
public interface SyscallFilters {
    /**
     * The program for a profile; the same bytes for the same question.
     *
     * @throws dev.gantry.bus.fault.FaultException INVALID_ARGUMENT that names the rule for a wrong
     *     profile; UNSUPPORTED for what Gantry or this kernel does not have; RESOURCE_EXHAUSTED for
     *     one that is too large
     */
    SeccompResult.Program compile(SeccompOperation.Compile question);

    /** Which rule decides about a call made in the host's own architecture. Errors as above. */
    SeccompResult.Verdict explain(SeccompOperation.Explain question);

    /** What the kernel answered when it was asked, and the profiles that come with Gantry. */
    SeccompResult.Support support();
}
