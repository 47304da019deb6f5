package dev.gantry.namespace;

import dev.gantry.bus.contract.Absent;
import dev.gantry.namespace.plan.PlanOp;
import dev.gantry.namespace.plan.PlanOp.CgroupDir;

import java.util.List;
import java.util.Optional;

/**
 * What this service must know of a container beyond what its shim knows, so that another instance
 * of it can go on. On disk as JSON.
 *
 * @param planDigest sha256 of the launch plan: whether a repeated create asks for the same
 * @param namespaces CLONE_NEW* that are not the host's: what an exec enters
 * @param cgroups where its processes are placed
 * @param persona its execution domain, personality(2), if it has one of its own
 * @param state what its state is told as, where its filter has a listener
 * @param listener who is asked about the calls of every process in it
 */
record ContainerRecord(
        String planDigest,
        int namespaces,
        List<CgroupDir> cgroups,
        Optional<Long> persona,
        Optional<PlanOp.State> state,
        Optional<PlanOp.Listener> listener) {
    ContainerRecord {
        cgroups = Absent.orEmpty(cgroups);
        persona = Absent.orEmpty(persona);
        state = Absent.orEmpty(state);
        listener = Absent.orEmpty(listener);
    }

    /** State and listener as operations of a plan, where there are both. */
    List<PlanOp> told() {
        return state.isPresent() && listener.isPresent()
                ? List.of(state.get(), listener.get())
                : List.of();
    }
}
