package dev.gantry.orchestrator.saga;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.logs.LogDirectory;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import java.util.concurrent.CompletableFuture;

/** Carries undos out, by the service that made the part. */
public final class Undoing {
    private final Services services;
    private final LogDirectory logs;

    /** Undoes over these services, and in this directory of logs. */
    public Undoing(Services services, LogDirectory logs) {
        this.services = services;
        this.logs = logs;
    }

    /** Begins to undo; the future fails with the service's fault. */
    public CompletableFuture<Done> begin(Undo undo, Caller caller) {
        var subject = undo.subject();
        return switch (undo.part()) {
            case STORAGE -> services.storage(new StorageOperation.Remove(subject), caller);
            case VOLUME -> services.storage(new StorageOperation.VolumeRemove(subject), caller);
            case NETWORK -> services.network(new NetworkOperation.Detach(subject), caller);
            case CGROUP -> services.cgroup(new CgroupOperation.Delete(subject), caller);
            case NAMESPACE ->
                    services.namespace(new NamespaceOperation.Delete(subject, true), caller);
            case LOGS -> logs(subject);
        };
    }

    private CompletableFuture<Done> logs(String id) {
        try {
            logs.remove(id);
            return CompletableFuture.completedFuture(Done.nothing());
        } catch (FaultException e) {
            return CompletableFuture.failedFuture(e);
        }
    }
}
