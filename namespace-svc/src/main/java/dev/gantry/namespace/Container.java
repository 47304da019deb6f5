package dev.gantry.namespace;

import dev.gantry.namespace.plan.LaunchPlan;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** A container: its init, its record, and the further processes that were started in it. */
final class Container {
    private final String id;
    private final ShimProcess init;
    private final Optional<ContainerRecord> record;
    private final AtomicReference<Optional<LaunchPlan>> plan =
            new AtomicReference<>(Optional.empty());
    private final Map<String, ShimProcess> sessions = new ConcurrentHashMap<>();

    Container(String id, ShimProcess init, Optional<ContainerRecord> record) {
        this.id = id;
        this.init = init;
        this.record = record;
    }

    String id() {
        return id;
    }

    ShimProcess init() {
        return init;
    }

    /** Empty for a container that was being made when an earlier service was killed. */
    Optional<ContainerRecord> record() {
        return record;
    }

    /** Keeps the plan until its last operations have been timed. */
    void keep(LaunchPlan launched) {
        plan.set(Optional.of(launched));
    }

    /** The plan, which is then no longer kept; empty if an earlier service launched it. */
    Optional<LaunchPlan> takePlan() {
        return plan.getAndSet(Optional.empty());
    }

    Map<String, ShimProcess> sessions() {
        return sessions;
    }

    /** Init and sessions. */
    List<ShimProcess> processes() {
        var all = new ArrayList<>(sessions.values());
        all.add(init);
        return all;
    }
}
