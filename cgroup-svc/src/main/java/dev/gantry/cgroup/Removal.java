package dev.gantry.cgroup;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Removes a container's groups, with those that the container itself made in them. */
final class Removal {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final CgroupKernel kernel;
    private final Hierarchies hierarchies;

    Removal(CgroupKernel kernel, Hierarchies hierarchies) {
        this.kernel = kernel;
        this.hierarchies = hierarchies;
    }

    List<PlanStep> remove(String id) {
        var changes = new Changes(kernel);
        for (var tree : hierarchies.all()) {
            var path = tree.path(id);
            if (kernel.exists(path)) {
                if (hierarchies.places().of(id).isPresent()) {
                    empty(path, changes);
                } else {
                    remove(path, changes);
                }
            }
        }
        return changes.steps();
    }

    /**
     * A group stays busy until its last task has been reaped, which is after its parent was told of
     * its death: so EBUSY is asked again for a while.
     */
    private void remove(String path, Changes changes) {
        if (!changes.attempt(new Change.Remove(path)).failed()) {
            return;
        }
        remove(leavesFirst(path), changes);
    }

    /** The group itself is not this service's to remove: the directory above it is another's. */
    private void empty(String path, Changes changes) {
        var below = leavesFirst(path);
        remove(below.subList(0, below.size() - 1), changes);
    }

    private void remove(List<String> groups, Changes changes) {
        for (var group : groups) {
            var remove = new Change.Remove(group);
            long begin = System.nanoTime();
            if (!Patience.until(PATIENCE, () -> gone(remove))) {
                throw FaultException.kernel(
                        FaultCode.FAILED_PRECONDITION,
                        "EBUSY",
                        "rmdir %s: after %d s processes %s are still in it",
                        group,
                        PATIENCE.toSeconds(),
                        new Readings(kernel, hierarchies).processes(group));
            }
            changes.record(remove, System.nanoTime() - begin);
        }
    }

    private boolean gone(Change.Remove remove) {
        var answer = remove.carryOut(kernel);
        if (answer.failed() && answer.errno() != Errno.EBUSY) {
            answer.orThrow("%s", remove.words());
        }
        return !answer.failed();
    }

    private List<String> leavesFirst(String path) {
        var found = new ArrayList<String>();
        var groups = new ArrayDeque<>(List.of(path));
        while (!groups.isEmpty()) {
            var group = groups.pop();
            found.add(group);
            kernel.directories(group).names().forEach(name -> groups.push(group + "/" + name));
        }
        return found.reversed();
    }
}
