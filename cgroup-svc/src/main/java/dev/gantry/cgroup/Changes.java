package dev.gantry.cgroup;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Carries changes out in order and keeps what the kernel said; takes them back on demand. */
final class Changes {
    private final CgroupKernel kernel;
    private final List<PlanStep> steps = new ArrayList<>();
    private final Deque<Change> undo = new ArrayDeque<>();

    Changes(CgroupKernel kernel) {
        this.kernel = kernel;
    }

    /** Does it; the answer is also kept as a step. */
    SyscallResult attempt(Change change) {
        long start = System.currentTimeMillis() * 1_000_000;
        long begin = System.nanoTime();
        var answer = change.carryOut(kernel);
        steps.add(change.planned().done(start, System.nanoTime() - begin, answer.answer()));
        return answer;
    }

    /** Keeps what was done elsewhere, with its answer {@code ok}, just now. */
    void record(Change change, long durationNanos) {
        long start = System.currentTimeMillis() * 1_000_000 - durationNanos;
        steps.add(change.planned().done(start, durationNanos, "ok"));
    }

    /** Does it, and remembers how to undo it; a fault if the kernel refuses. */
    void require(Change change) {
        Optional<Change> previous =
                switch (change) {
                    case Change.Make(var path) -> Optional.of(new Change.Remove(path));
                    case Change.Write write when inNewGroup(write) -> Optional.empty();
                    case Change.Write write -> Previous.of(kernel, write);
                    case Change.Remove _, Change.AttachDevices _ -> Optional.empty();
                };
        var answer = attempt(change);
        if (change instanceof Change.Make && answer.errno() == Errno.EEXIST) {
            return;
        }
        answer.orThrow("%s", change.words());
        previous.ifPresent(undo::push);
    }

    /** What was written to a group that was made here goes away with the group. */
    private boolean inNewGroup(Change.Write write) {
        var group = write.path().substring(0, write.path().lastIndexOf('/'));
        return undo.contains(new Change.Remove(group));
    }

    /** Does all, or undoes those done and throws the fault, with what could not be undone. */
    List<PlanStep> allOrNothing(List<Change> changes) {
        try {
            changes.forEach(this::require);
            return steps();
        } catch (FaultException failed) {
            throw new FaultException(withCleanUp(failed.fault(), undo()), failed);
        }
    }

    private List<String> undo() {
        var failures = new ArrayList<String>();
        for (var change : undo) {
            var answer = attempt(change);
            if (answer.failed()) {
                failures.add(change.words() + ": " + answer.answer());
            }
        }
        undo.clear();
        return failures;
    }

    private static Fault withCleanUp(Fault fault, List<String> failures) {
        return failures.isEmpty()
                ? fault
                : new Fault(
                        fault.code(),
                        fault.operation(),
                        fault.subject(),
                        fault.message() + "; then, undoing: " + String.join(", ", failures),
                        fault.errno());
    }

    List<PlanStep> steps() {
        return List.copyOf(steps);
    }
}
