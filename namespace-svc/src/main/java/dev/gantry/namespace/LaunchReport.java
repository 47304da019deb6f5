package dev.gantry.namespace;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.namespace.plan.LaunchPlan;
import dev.gantry.namespace.plan.LaunchPlan.Timing;

import java.lang.ref.SoftReference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What was planned for a process and what came of it. Kept as it is until somebody asks, for the
 * words cost more than the deeds; who has asked keeps them, so that from then on it is only kept
 * while there is memory.
 */
final class LaunchReport {
    private record Content(LaunchPlan plan, Map<Integer, Timing> timings) {}

    private Content untold;
    private SoftReference<Content> told = new SoftReference<>(null);

    /** A process was launched. */
    synchronized void launched(LaunchPlan plan, Map<Integer, Timing> timings) {
        untold = new Content(plan, new HashMap<>(timings));
    }

    /** Further operations of the plan have been carried out. */
    synchronized void goesOn(Map<Integer, Timing> timings) {
        var content = untold == null ? told.get() : untold;
        if (content != null) {
            content.timings().putAll(timings);
            untold = content;
        }
    }

    /** The steps so far; none if they are not known any more. */
    synchronized List<PlanStep> tell() {
        var content = untold == null ? told.get() : untold;
        if (content == null) {
            return List.of();
        }
        untold = null;
        told = new SoftReference<>(content);
        return content.plan().steps(content.timings());
    }
}
