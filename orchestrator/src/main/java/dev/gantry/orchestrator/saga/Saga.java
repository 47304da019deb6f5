package dev.gantry.orchestrator.saga;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The making of something in steps, each with its undo. On failure every step that was begun is
 * undone in reverse, whatever it answered: one whose answer did not come may have taken effect, and
 * undoing what is not there does nothing.
 */
public final class Saga {
    /** How long the undoing of one step may take; it does not depend on the client's patience. */
    public static final Duration UNDO_BOUND = Duration.ofSeconds(10);

    /** When a step with an unknown outcome is undone a second time. */
    static final Duration SECOND_UNDO = Duration.ofSeconds(35);

    /** Where an undo goes that is to be done (again) later. */
    @FunctionalInterface
    public interface Remainder {
        /** Takes an undo that failed or, after a pause, is to be repeated. */
        void keep(Undo undo, String reason, Duration pause);
    }

    private record Begun(Undo undo, CompletableFuture<?> step) {}

    private final Undoing undoing;
    private final Remainder remainder;
    private final Caller caller;
    private final Deque<Begun> begun = new ArrayDeque<>();
    private final List<CompletableFuture<?>> steps = new ArrayList<>();

    /** A saga without a step yet. */
    public Saga(Undoing undoing, Remainder remainder, Caller caller) {
        this.undoing = undoing;
        this.remainder = remainder;
        this.caller = caller;
    }

    /** Begins a step that has an undo; others may be begun before it ends. */
    public <R> CompletableFuture<R> begin(Undo undo, Supplier<CompletableFuture<R>> step) {
        var future = begin(step);
        begun.push(new Begun(undo, future));
        return future;
    }

    /** Begins a step that leaves nothing behind. */
    public <R> CompletableFuture<R> begin(Supplier<CompletableFuture<R>> step) {
        CompletableFuture<R> future;
        try {
            future = step.get();
        } catch (FaultException e) {
            future = CompletableFuture.failedFuture(e);
        }
        steps.add(future);
        return future;
    }

    /** Waits for every step begun so far; then throws the fault of the first that failed. */
    public void join() {
        FaultException first = null;
        for (var step : steps) {
            try {
                Services.await(step);
            } catch (FaultException e) {
                first = first == null || isLessTelling(first, e) ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    // That a service did not answer says less than what another one objected to.
    private static boolean isLessTelling(FaultException first, FaultException other) {
        return first.fault().code() == FaultCode.UNAVAILABLE
                && other.fault().code() != FaultCode.UNAVAILABLE;
    }

    /**
     * Undoes what was begun, latest first, and returns the cause; where an undo failed too, its
     * reason is added and it is kept to be tried again. Nothing is undone while it is still being
     * done: steps that were begun beside the one that failed are waited for, as long as their own
     * deadlines let them.
     */
    public FaultException undo(FaultException cause) {
        CompletableFuture.allOf(steps.toArray(CompletableFuture[]::new))
                .handle((done, failure) -> failure)
                .join();
        var failures = new ArrayList<String>();
        var patient = caller.extended(UNDO_BOUND.multipliedBy(begun.size() + 1L));
        while (!begun.isEmpty()) {
            var last = begun.pop();
            try {
                Services.await(undoing.begin(last.undo(), patient.extended(UNDO_BOUND)));
                if (outcomeUnknown(last.step())) {
                    remainder.keep(
                            last.undo(),
                            "the step had not answered when it was undone",
                            SECOND_UNDO);
                }
            } catch (FaultException e) {
                failures.add(last.undo().words() + ": " + e.fault().message());
                remainder.keep(last.undo(), e.fault().message(), Duration.ZERO);
            }
        }
        if (failures.isEmpty()) {
            return cause;
        }
        var fault = cause.fault();
        return new FaultException(
                new Fault(
                        fault.code(),
                        fault.operation(),
                        fault.subject(),
                        fault.message()
                                + " (and could not be undone yet: "
                                + String.join("; ", failures)
                                + "; it is tried again)",
                        fault.errno()),
                cause);
    }

    private static boolean outcomeUnknown(CompletableFuture<?> step) {
        if (!step.isDone()) {
            return true;
        }
        try {
            Services.await(step);
            return false;
        } catch (FaultException e) {
            return e.fault().code() == FaultCode.UNAVAILABLE;
        }
    }
}
