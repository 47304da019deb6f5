package dev.gantry.storage;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.linux.SyscallResult;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Carries out kernel calls, or only plans them, and keeps what came of each. */
final class Steps {
    private static final String SERVICE = "storage-svc";
    private final boolean planOnly;
    private final List<PlanStep> steps = new ArrayList<>();

    Steps(boolean planOnly) {
        this.planOnly = planOnly;
    }

    /** Does a step; a failed one is a fault and the last. */
    void run(String operation, String detail, String shell, Supplier<SyscallResult> call) {
        var step = PlanStep.planned(SERVICE, operation, detail, shell);
        if (planOnly) {
            steps.add(step);
            return;
        }
        var now = Instant.now();
        long start = System.nanoTime();
        var result = call.get();
        long duration = System.nanoTime() - start;
        long epoch = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        steps.add(step.done(epoch, duration, result.answer()));
        result.orThrow("%s %s", operation, detail);
    }

    List<PlanStep> list() {
        return List.copyOf(steps);
    }

    /** A word of a shell command. */
    static String quote(String word) {
        return word.matches("[a-zA-Z0-9_@%+=:,./-]+")
                ? word
                : "'" + word.replace("'", "'\\''") + "'";
    }
}
