package dev.gantry.cgroup;

import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.wire.Json;
import dev.gantry.cgroup.kernel.LinuxCgroupKernel;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** Serves {@code cgroup.v1} and publishes {@code events.cgroup.oom}. */
public final class CgroupVerticle extends VerticleBase {
    private final ServiceContext context;
    private Subtree subtree;
    private OomWatch oom;
    private Registration registration;

    CgroupVerticle(ServiceContext context) {
        this.context = context;
    }

    /** Probes the host and finds the containers that are there already before it serves. */
    @Override
    public Future<?> start() {
        return vertx.executeBlocking(
                () -> {
                    var kernel = new LinuxCgroupKernel();
                    var layout = context.layout();
                    var places = Places.in(layout.run("cgroup-svc").resolve("places"));
                    subtree = new Subtree(kernel, layout.instance(), places);
                    var hierarchies = subtree.establish();
                    var ledger = new OomLedger(layout.run("cgroup-svc").resolve("oom"));
                    oom = new OomWatch(kernel, ledger, this::publish);
                    var manager = new SubtreeManager(kernel, hierarchies, oom);
                    registration =
                            context.bus()
                                    .serve(
                                            CgroupOperation.CONTRACT,
                                            request -> handle(manager, request));
                    return registration;
                });
    }

    private static Object handle(CgroupManager manager, Request<CgroupOperation<?>> request) {
        return switch (request.operation()) {
            case CgroupOperation.Create(var id, var resources, var planOnly, var path) ->
                    manager.create(id, resources, planOnly, path);
            case CgroupOperation.Update(var id, var resources) ->
                    new Done(manager.update(id, resources));
            case CgroupOperation.Stats(var id) -> manager.stats(id);
            case CgroupOperation.Processes(var id) -> manager.processes(id);
            case CgroupOperation.Freeze(var id) -> new Done(manager.freeze(id));
            case CgroupOperation.Thaw(var id) -> new Done(manager.thaw(id));
            case CgroupOperation.Kill(var id) -> new Done(manager.kill(id));
            case CgroupOperation.Delete(var id) -> new Done(manager.delete(id));
            case CgroupOperation.Probe() -> manager.host();
        };
    }

    private void publish(OomEvent event) {
        context.bus().publish("events.cgroup.oom", Json.mapper().valueToTree(event));
    }

    @Override
    public Future<?> stop() {
        return vertx.executeBlocking(
                () -> {
                    if (registration != null) {
                        registration.close();
                    }
                    if (oom != null) {
                        oom.close();
                    }
                    if (context.embedded() && subtree != null) {
                        subtree.removeIfEmpty();
                    }
                    return null;
                });
    }
}
