package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.ProcessTable;
import dev.gantry.bus.contract.container.ContainerResult.Stat;
import dev.gantry.bus.contract.container.ContainerResult.StatsList;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.concurrent.CompletableFuture;

/** What containers use, and which processes they have. */
final class Numbers {
    private static final Duration BOUND = Duration.ofSeconds(5);

    private final Parts parts;
    private final ProcessReader processes = new ProcessReader(Path.of("/proc"));

    Numbers(Parts parts) {
        this.parts = parts;
    }

    /** Usage of the named containers, or of all that run; all are asked at the same time. */
    StatsList stats(ContainerOperation.Stats operation, Caller caller) {
        boolean named = !operation.containers().isEmpty();
        var wanted =
                named
                        ? operation.containers().stream().map(parts.containers()::find).toList()
                        : parts.containers().all().stream().filter(Numbers::runs).toList();
        var bound = caller.extended(Executions.shorter(BOUND, caller.remaining()));
        var asked = new LinkedHashMap<Container, CompletableFuture<Usage>>();
        for (var container : wanted) {
            if (named && !(container.record().state() instanceof Live)) {
                throw Refusal.state("measure", container.record());
            }
            asked.put(
                    container,
                    parts.services().cgroup(new CgroupOperation.Stats(container.id()), bound));
        }
        var stats = new ArrayList<Stat>();
        asked.forEach(
                (container, usage) -> {
                    try {
                        stats.add(
                                new Stat(
                                        container.id(),
                                        container.record().name(),
                                        Services.await(usage)));
                    } catch (FaultException e) {
                        // One that ended meanwhile is not missed, unless it was asked for.
                        if (named) {
                            throw e;
                        }
                    }
                });
        return new StatsList(stats);
    }

    private static boolean runs(Container container) {
        var state = container.record().state();
        return state instanceof Running || state instanceof Paused;
    }

    /** The processes of a container, as /proc tells them. */
    ProcessTable top(ContainerOperation.Top operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        if (!(container.record().state() instanceof Live)) {
            throw Refusal.state("list the processes of", container.record());
        }
        var list =
                Services.await(
                        parts.services()
                                .cgroup(
                                        new CgroupOperation.Processes(container.id()),
                                        caller.extended(
                                                Executions.shorter(BOUND, caller.remaining()))));
        return processes.table(list.pids());
    }
}
