package dev.gantry.bus.contract.seccomp;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.PlanStep;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answers of {@code seccomp.v1}. */
public sealed interface SeccompResult {
    /**
     * A compiled filter.
     *
     * @param digest sha256 of profile, capabilities and architecture: the key of the cache
     * @param filter the {@code struct sock_filter} array, 8 bytes an instruction, in host byte
     *     order
     * @param flags flags for seccomp(2) SECCOMP_SET_MODE_FILTER
     * @param instructions how many instructions
     * @param skipped calls that this architecture or library does not know, left out as Docker does
     */
    record Program(
            String digest,
            byte[] filter,
            long flags,
            int instructions,
            List<String> skipped,
            List<PlanStep> steps)
            implements SeccompResult {
        /** Absent lists are empty. */
        public Program {
            skipped = Absent.orEmpty(skipped);
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * What a profile says of a call.
     *
     * @param action {@code SCMP_ACT_…}
     * @param rule which rule decided, in words; {@code defaultAction} if none did
     */
    record Verdict(String syscall, String action, Optional<Integer> errno, String rule)
            implements SeccompResult {
        /** Absent errno is empty. */
        public Verdict {
            errno = Absent.orEmpty(errno);
        }
    }

    /**
     * What the kernel answered when it was asked.
     *
     * @param actions actions that this kernel knows, from probing
     * @param profiles built-in profile names to a sentence about each
     */
    record Support(
            boolean filters,
            List<String> architectures,
            List<String> actions,
            Map<String, String> profiles)
            implements SeccompResult {
        /** Absent parts are empty. */
        public Support {
            architectures = Absent.orEmpty(architectures);
            actions = Absent.orEmpty(actions);
            profiles = Absent.orEmpty(profiles);
        }
    }
}
