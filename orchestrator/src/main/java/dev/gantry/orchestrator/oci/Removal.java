package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;

/** Takes away what the services hold of a container; all of it may be gone already. */
final class Removal {
    private final Services services;

    Removal(Services services) {
        this.services = services;
    }

    void remove(ContainerState state) {
        if (!state.ownPids()) {
            // the end of its init is not the end of the others
            new Signalling(services).all(state, Signalling.KILL);
        }
        if (ProcStat.lives(state.pid(), state.startTime())) {
            // namespace-svc does it too, by the shim; but that may be gone
            new Signalling(services).init(state, Signalling.KILL);
        }
        services.ask(new NamespaceOperation.Delete(state.key(), true));
        services.ask(new CgroupOperation.Delete(state.key()));
        Cgroups.remove(state.made());
    }
}
