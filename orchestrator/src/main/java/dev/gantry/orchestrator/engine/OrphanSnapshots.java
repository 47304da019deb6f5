package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.orchestrator.saga.Undo;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.time.Duration;
import java.util.stream.Collectors;

/**
 * Removes, once after each start, writable layers whose container nobody knows: a crash or a power
 * loss took a record that was not durable yet.
 */
final class OrphanSnapshots {
    private static final System.Logger LOG = System.getLogger(OrphanSnapshots.class.getName());
    private static final Duration EACH = Duration.ofSeconds(15);

    private final Parts parts;
    private boolean done;

    OrphanSnapshots(Parts parts) {
        this.parts = parts;
    }

    /**
     * Removes them, unless that was done; throws the fault of storage-svc if it does not answer.
     */
    synchronized void remove() {
        if (done) {
            return;
        }
        // The layers first: a container has its record before it has a layer, so one that is being
        // made is either in the second list or not in the first.
        var layers =
                Services.await(
                                parts.services()
                                        .storage(
                                                new StorageOperation.Snapshots(),
                                                Caller.within(EACH)))
                        .containerIds();
        var known =
                parts.containers().all().stream().map(Container::id).collect(Collectors.toSet());
        for (var id : layers) {
            if (!known.contains(id) && !parts.containers().store().isSetAside(id)) {
                LOG.log(System.Logger.Level.WARNING, "layer of {0}, which nobody knows", id);
                Services.await(
                        parts.undoing()
                                .begin(new Undo(Undo.Part.STORAGE, id), Caller.within(EACH)));
            }
        }
        done = true;
    }
}
