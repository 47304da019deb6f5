package dev.gantry.network;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.fault.FaultException;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The plan of one operation, carried out as it is made unless it is only wanted as a plan. */
final class Steps {
    static final String SERVICE = "network-svc";
    private final boolean planOnly;
    private final List<PlanStep> steps = new ArrayList<>();

    private Steps(boolean planOnly) {
        this.planOnly = planOnly;
    }

    static Steps carriedOut() {
        return new Steps(false);
    }

    static Steps planned() {
        return new Steps(true);
    }

    boolean planOnly() {
        return planOnly;
    }

    /**
     * A step. Its failure is recorded and thrown.
     *
     * @param shell what a person would type as root
     */
    void run(String operation, String detail, String shell, Runnable action) {
        var step = PlanStep.planned(SERVICE, operation, detail, shell);
        if (planOnly) {
            steps.add(step);
            return;
        }
        var now = Instant.now();
        long epoch = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        long start = System.nanoTime();
        try {
            action.run();
            steps.add(step.done(epoch, System.nanoTime() - start, "ok"));
        } catch (FaultException e) {
            var answer = e.fault().errno().orElse(e.fault().code().name());
            steps.add(step.done(epoch, System.nanoTime() - start, answer));
            throw e;
        }
    }

    List<PlanStep> list() {
        return List.copyOf(steps);
    }
}
