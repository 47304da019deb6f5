package dev.gantry.bus.contract;

import java.util.List;

/**
 * The answer of an operation that has nothing to tell but what it did.
 *
 * @param steps the kernel operations that were carried out, in order
 */
public record Done(List<PlanStep> steps) {
    /** Absent steps become none. */
    public Done {
        steps = Absent.orEmpty(steps);
    }

    /** Done, with nothing to show. */
    public static Done nothing() {
        return new Done(List.of());
    }
}
