package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

/** Takes away what the services hold of a container; all of it may be gone already. */
final class Removal {
    private final Services services;

    Removal(Services services) {
        this.services = services;
    }

    void remove(ContainerState state) {
        if (!state.ownPids()) {
            // the end of its init is not the end of the others
            killAll(state);
        }
        services.ask(new NamespaceOperation.Delete(state.key(), true));
        services.ask(new CgroupOperation.Delete(state.key()));
        Cgroups.remove(state.made());
    }

    private void killAll(ContainerState state) {
        try {
            services.ask(new CgroupOperation.Kill(state.key()));
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.NOT_FOUND) {
                throw e;
            }
        }
    }
}
