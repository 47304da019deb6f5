package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Registration;
import dev.gantry.bus.Reply;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.service.Layout;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.RunningServices;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Gantry's services over the bus. */
final class Services implements AutoCloseable {
    private static final CallOptions PATIENCE = CallOptions.within(Duration.ofSeconds(60));

    private final Layout layout;
    private final SocketBus bus;

    private Services(Layout layout, SocketBus bus) {
        this.layout = layout;
        this.bus = bus;
    }

    /** Connects to the services, which are started if they do not run. */
    static Services connectOrStart(Layout layout) {
        var bus = RunningServices.connectOrStart(layout, () -> {});
        Invocation.current().closeAtEnd(bus);
        return new Services(layout, bus);
    }

    Layout layout() {
        return layout;
    }

    <R> CompletableFuture<Reply<R>> begin(CgroupOperation<R> operation) {
        return bus.call(CgroupOperation.CONTRACT, operation, PATIENCE);
    }

    <R> CompletableFuture<Reply<R>> begin(SeccompOperation<R> operation) {
        return bus.call(SeccompOperation.CONTRACT, operation, PATIENCE);
    }

    <R> CompletableFuture<Reply<R>> begin(NamespaceOperation<R> operation) {
        return bus.call(NamespaceOperation.CONTRACT, operation, PATIENCE);
    }

    <R> R ask(CgroupOperation<R> operation) {
        return begin(operation).join().orThrow();
    }

    <R> R ask(NamespaceOperation<R> operation) {
        return begin(operation).join().orThrow();
    }

    /** Hears of a container's kills for memory until closed. */
    Registration onOom(String key, Consumer<ObjectNode> listener) {
        return bus.subscribe(
                "events.cgroup.oom",
                event -> {
                    if (event.body().path("id").asText().equals(key)) {
                        listener.accept(event.body());
                    }
                });
    }

    @Override
    public void close() {
        bus.close();
    }
}
