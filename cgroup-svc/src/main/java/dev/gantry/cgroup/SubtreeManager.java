package dev.gantry.cgroup;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.cgroup.CgroupResult.Created;
import dev.gantry.bus.contract.cgroup.CgroupResult.Host;
import dev.gantry.bus.contract.cgroup.CgroupResult.ProcessList;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The {@link CgroupManager} of this host's kernel. */
public final class SubtreeManager implements CgroupManager {
    private static final int LOCKS = 64;

    private final CgroupKernel kernel;
    private final Hierarchies hierarchies;
    private final OomWatch oom;
    private final Planner planner;
    private final Readings readings;
    private final Freezing freezing;
    private final Removal removal;

    /** One id is changed by one thread at a time; ids that share a lock only wait a little. */
    private final ReentrantLock[] locks =
            Stream.generate(ReentrantLock::new).limit(LOCKS).toArray(ReentrantLock[]::new);

    /** Works in the hierarchies; tells the watch of what comes and goes. */
    public SubtreeManager(CgroupKernel kernel, Hierarchies hierarchies, OomWatch oom) {
        this.kernel = kernel;
        this.hierarchies = hierarchies;
        this.oom = oom;
        this.planner = new Planner(kernel, hierarchies);
        this.readings = new Readings(kernel, hierarchies);
        this.freezing = new Freezing(kernel, hierarchies);
        this.removal = new Removal(kernel, hierarchies);
        containers().forEach(this::watch);
    }

    @Override
    public Created create(
            String id, LinuxResources resources, boolean planOnly, Optional<String> place) {
        return locked(
                id,
                () -> {
                    if (place.isEmpty() || hierarchies.places().of(id).isPresent()) {
                        return make(id, resources, planOnly);
                    }
                    hierarchies.places().put(id, place.get());
                    boolean made = false;
                    try {
                        demandMade(id);
                        var created = make(id, resources, planOnly);
                        made = !planOnly;
                        return created;
                    } finally {
                        if (!made) {
                            hierarchies.places().forget(id);
                        }
                    }
                });
    }

    private void demandMade(String id) {
        for (var tree : hierarchies.all()) {
            if (!kernel.writable(tree.path(id))) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "cgroup %s: who asks for it makes it and gives it to this service",
                        tree.path(id));
            }
        }
    }

    private Created make(String id, LinuxResources resources, boolean planOnly) {
        var changes = planner.create(id, resources);
        var placement = planner.placement(id, resources);
        if (planOnly) {
            return new Created(placement, changes.stream().map(Change::planned).toList());
        }
        var steps = new Changes(kernel).allOrNothing(changes);
        watchOrRemove(id);
        return new Created(placement, steps);
    }

    /** A container whose kills nobody would hear of is not made. */
    private void watchOrRemove(String id) {
        try {
            watch(id);
        } catch (FaultException failed) {
            removal.remove(id);
            throw failed;
        }
    }

    private void watch(String id) {
        hierarchies
                .of("memory")
                .filter(memory -> kernel.exists(memory.path(id)))
                .ifPresent(memory -> oom.watch(id, memory));
    }

    @Override
    public List<PlanStep> update(String id, LinuxResources resources) {
        return locked(
                id,
                () -> {
                    demand(id);
                    return new Changes(kernel).allOrNothing(planner.update(id, resources));
                });
    }

    @Override
    public Usage stats(String id) {
        demand(id);
        return readings.usage(id);
    }

    @Override
    public ProcessList processes(String id) {
        demand(id);
        return new ProcessList(id, readings.processes(hierarchies.processes().path(id)));
    }

    @Override
    public List<PlanStep> freeze(String id) {
        return locked(
                id,
                () -> {
                    demand(id);
                    return freezing.freeze(id);
                });
    }

    @Override
    public List<PlanStep> thaw(String id) {
        return locked(
                id,
                () -> {
                    demand(id);
                    return freezing.thaw(id);
                });
    }

    /** Not under the lock: who kills must not wait for who freezes. */
    @Override
    public List<PlanStep> kill(String id) {
        demand(id);
        var unified =
                hierarchies
                        .unified()
                        .filter(tree -> tree.offered().contains("cgroup.kill"))
                        .orElseThrow(
                                () ->
                                        FaultException.of(
                                                FaultCode.UNSUPPORTED,
                                                "cgroup.kill: this host has no cgroup2 mount with"
                                                        + " it"));
        var changes = new Changes(kernel);
        changes.require(new Change.Write(unified.path(id) + "/cgroup.kill", "1"));
        freezing.release(id, changes);
        return changes.steps();
    }

    @Override
    public List<PlanStep> delete(String id) {
        return locked(
                id,
                () -> {
                    var steps = removal.remove(id);
                    oom.unwatch(id);
                    hierarchies.places().forget(id);
                    return steps;
                });
    }

    @Override
    public List<String> containers() {
        var ids = new TreeSet<String>();
        hierarchies.all().forEach(tree -> ids.addAll(kernel.directories(tree.root()).names()));
        ids.addAll(hierarchies.places().ids());
        return List.copyOf(ids);
    }

    @Override
    public Host host() {
        return new Host(
                hierarchies.mode(),
                hierarchies.unified().orElse(hierarchies.all().getFirst()).root(),
                hierarchies.report());
    }

    private void demand(String id) {
        for (var tree : hierarchies.all()) {
            if (kernel.exists(tree.path(id) + "/cgroup.procs")) {
                return;
            }
        }
        throw FaultException.of(
                FaultCode.NOT_FOUND, "container %s has no cgroup in %s", id, host().root());
    }

    private <T> T locked(String id, Supplier<T> work) {
        var lock = locks[Math.floorMod(id.hashCode(), LOCKS)];
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}
