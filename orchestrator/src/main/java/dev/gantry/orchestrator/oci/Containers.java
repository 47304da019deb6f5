package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.function.Supplier;

/** The operations of an OCI runtime, runtime.md. */
final class Containers {
    private final StateStore store;
    private final Supplier<Services> services;

    Containers(StateStore store, Supplier<Services> services) {
        this.store = store;
        this.services = services;
    }

    StateStore store() {
        return store;
    }

    Services services() {
        return services.get();
    }

    /** What a container was created with, as this process can grant it. */
    byte[] config(String id) {
        return store.config(id);
    }

    Creation.Made create(Creation.Request request) {
        return Creation.make(services(), store, request);
    }

    void start(String id) {
        try (var locked = store.existing(id)) {
            var state = locked.state().orElseThrow(() -> cutOff(id));
            var status = Status.of(state);
            if (status != Status.CREATED) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "cannot start a container that is %s: %s",
                        status.word(),
                        id);
            }
            services().ask(new NamespaceOperation.Start(state.key()));
        }
    }

    void kill(String id, int signal, boolean all) {
        var state = store.look(id);
        if (all) {
            new Signalling(services()).all(state, signal);
        } else {
            if (Status.of(state) == Status.STOPPED) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION, "container not running: %s", id);
            }
            new Signalling(services()).init(state, signal);
            if (signal == Signalling.KILL) {
                thaw(state);
            }
        }
    }

    /** Tasks in a frozen v1 group die only when they are thawed. */
    private void thaw(ContainerState state) {
        if (Status.of(state) == Status.PAUSED) {
            services().ask(new CgroupOperation.Thaw(state.key()));
        }
    }

    /** With force a container that lives is killed, and one that is not there is no error. */
    void delete(String id, boolean force) {
        var found = store.find(id);
        if (found.isEmpty()) {
            if (!force) {
                store.existing(id);
            }
            return;
        }
        try (var locked = found.get()) {
            var state = locked.state();
            if (state.isPresent()) {
                var status = Status.of(state.get());
                if (status != Status.STOPPED && !force) {
                    throw FaultException.of(
                            FaultCode.FAILED_PRECONDITION,
                            "cannot delete container %s that is not stopped: %s",
                            id,
                            status.word());
                }
                if (status == Status.PAUSED) {
                    new Signalling(services()).init(state.get(), Signalling.KILL);
                    thaw(state.get());
                }
                new Removal(services()).remove(state.get());
            }
            locked.remove();
        }
    }

    void pause(String id) {
        try (var locked = store.existing(id)) {
            var state = locked.state().orElseThrow(() -> cutOff(id));
            demand(state, Status.RUNNING, "pause");
            services().ask(new CgroupOperation.Freeze(state.key()));
        }
    }

    void resume(String id) {
        try (var locked = store.existing(id)) {
            var state = locked.state().orElseThrow(() -> cutOff(id));
            demand(state, Status.PAUSED, "resume");
            services().ask(new CgroupOperation.Thaw(state.key()));
        }
    }

    void update(String id, LinuxResources resources) {
        try (var locked = store.existing(id)) {
            var state = locked.state().orElseThrow(() -> cutOff(id));
            var status = Status.of(state);
            if (status == Status.STOPPED) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION, "cannot update a stopped container: %s", id);
            }
            services().ask(new CgroupOperation.Update(state.key(), resources));
        }
    }

    private static void demand(ContainerState state, Status wanted, String what) {
        var status = Status.of(state);
        if (status != wanted) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "cannot %s a container that is not %s: %s is %s",
                    what,
                    wanted.word(),
                    state.id(),
                    status.word());
        }
    }

    private static FaultException cutOff(String id) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "container %s was never made: its creation was cut off; delete it",
                id);
    }
}
