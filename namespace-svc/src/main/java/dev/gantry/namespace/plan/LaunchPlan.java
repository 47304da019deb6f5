package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.linux.Errno;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The ordered operations between clone(2) and execve(2) of one process. A value: it can be printed,
 * encoded and compared without anything being done.
 */
public record LaunchPlan(List<PlanOp> operations) {
    /** Who carries it out, in plan steps. */
    public static final String SERVICE = "launcher";

    /** An operation that was carried out: unix nanoseconds, nanoseconds, errno or 0. */
    public record Timing(long startNanos, long durationNanos, int errno) {}

    /** Copies the list. */
    public LaunchPlan {
        operations = List.copyOf(operations);
    }

    /** The launcher's form of it (protocol.md section 3). */
    public ByteBuffer encode() {
        return PlanEncoder.encode(operations);
    }

    /** The plan in words, not carried out. */
    public List<PlanStep> steps() {
        return steps(Map.of(), true);
    }

    /** The operations that have a timing, by their position in the plan, with what came of them. */
    public List<PlanStep> steps(Map<Integer, Timing> timings) {
        return steps(timings, false);
    }

    private List<PlanStep> steps(Map<Integer, Timing> timings, boolean all) {
        var out = new ArrayList<PlanStep>(operations.size());
        for (int i = 0; i < operations.size(); i++) {
            var timing = timings.get(i);
            var op = operations.get(i);
            if (timing == null && !all || op instanceof PlanOp.Id) {
                continue;
            }
            var step = PlanText.step(op);
            out.add(
                    timing == null
                            ? step
                            : step.done(
                                    timing.startNanos(),
                                    timing.durationNanos(),
                                    timing.errno() == 0 ? "ok" : Errno.name(timing.errno())));
        }
        return out;
    }
}
