package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerState;
import dev.gantry.orchestrator.model.ContainerState.Created;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Removing;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.model.Ending;
import dev.gantry.orchestrator.saga.Undo;
import dev.gantry.orchestrator.saga.Undo.Part;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Gives back what a container holds: of a stopped one its network and cgroups, of one that is
 * removed everything. Only within the container's turn. What fails stays written in the record, and
 * is repeated by the reconciliation.
 */
final class Release {
    private final Parts parts;

    Release(Parts parts) {
        this.parts = parts;
    }

    /** Gives network and cgroups of a stopped container back. */
    void stopped(Container container, Stopped stopped, Caller caller) {
        var id = container.id();
        all(List.of(new Undo(Part.NETWORK, id), new Undo(Part.CGROUP, id)), caller);
        container.save(container.record().with(stopped.releasedNow()).detached());
    }

    /** Removes a container that has no running process, with all that was made for it. */
    void removed(Container container, Caller caller) {
        var state = container.record().state();
        var ending = ending(state);
        container.save(container.record().with(new Removing(ending)));
        var id = container.id();
        var undos = new ArrayList<Undo>();
        undos.add(new Undo(Part.NAMESPACE, id));
        if (!(state instanceof Stopped stopped && stopped.released())) {
            undos.add(new Undo(Part.NETWORK, id));
            undos.add(new Undo(Part.CGROUP, id));
        }
        undos.add(new Undo(Part.STORAGE, id));
        undos.add(new Undo(Part.LOGS, id));
        container.record().anonymousVolumes().stream()
                .map(name -> new Undo(Part.VOLUME, name))
                .forEach(undos::add);
        all(undos, caller);
        parts.containers().forget(container, ending);
        parts.happenings().tell("removed", container.record());
    }

    private static Optional<Ending> ending(ContainerState state) {
        return switch (state) {
            case Stopped stopped -> Optional.of(stopped.ending());
            case Removing removing -> removing.ending();
            case Creating c -> Optional.empty();
            case Created c -> Optional.empty();
            case Running r -> Optional.empty();
            case Paused p -> Optional.empty();
        };
    }

    // All at once: none of them needs another, and each waits for what it must (cgroup-svc for the
    // last process to be gone).
    private void all(List<Undo> undos, Caller caller) {
        var begun = new LinkedHashMap<Undo, CompletableFuture<Done>>();
        undos.forEach(undo -> begun.put(undo, parts.undoing().begin(undo, caller)));
        FaultException first = null;
        for (var each : begun.values()) {
            try {
                Services.await(each);
            } catch (FaultException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
