package dev.gantry.orchestrator.model;

import dev.gantry.bus.contract.Absent;

/**
 * How a container's init ended.
 *
 * @param code its exit code, or 128 + signal
 * @param signal the signal that ended it, or 0
 * @param timeNanos when, since the Unix epoch
 * @param oomKilled whether the kernel killed one of the container's processes for memory
 * @param reason in words, where there is more to say than the code; may be empty
 */
public record Ending(int code, int signal, long timeNanos, boolean oomKilled, String reason) {
    /** Absent reason is empty. */
    public Ending {
        reason = Absent.orEmpty(reason);
    }
}
