package dev.gantry.bus.contract;

import java.util.Optional;

/**
 * One kernel operation of a plan, and (once carried out) what came of it.
 *
 * @param service who does it, for example {@code cgroup-svc} or {@code launcher}
 * @param operation the kernel's name of it, for example {@code mkdir}, {@code mount overlay}
 * @param detail its arguments in words
 * @param shell the command that a person would type for the same effect
 * @param startNanos when it began, in nanoseconds since the Unix epoch; empty in a plan not carried
 *     out
 * @param durationNanos how long it took; empty in a plan not carried out
 * @param answer what the kernel said: {@code ok} or the name of the errno; empty if not carried out
 */
public record PlanStep(
        String service,
        String operation,
        String detail,
        String shell,
        Optional<Long> startNanos,
        Optional<Long> durationNanos,
        Optional<String> answer) {

    /** Absent parts become empty. */
    public PlanStep {
        startNanos = startNanos == null ? Optional.empty() : startNanos;
        durationNanos = durationNanos == null ? Optional.empty() : durationNanos;
        answer = answer == null ? Optional.empty() : answer;
    }

    /** A step that is only planned. */
    public static PlanStep planned(String service, String operation, String detail, String shell) {
        return new PlanStep(
                service,
                operation,
                detail,
                shell,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** This step, carried out. */
    public PlanStep done(long startNanos, long durationNanos, String answer) {
        return new PlanStep(
                service,
                operation,
                detail,
                shell,
                Optional.of(startNanos),
                Optional.of(durationNanos),
                Optional.of(answer));
    }
}
