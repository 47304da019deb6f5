package dev.gantry.namespace;

import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.namespace.launcher.LauncherProcess;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

import java.util.Optional;

/** Serves {@code namespace.v1}. */
final class NamespaceVerticle extends VerticleBase {
    private final ServiceContext context;
    private ContainerRuntime runtime;
    private Registration registration;
    private Optional<LauncherProcess> launcher = Optional.empty();

    NamespaceVerticle(ServiceContext context) {
        this.context = context;
    }

    @Override
    public Future<?> start() {
        return vertx.executeBlocking(
                () -> {
                    if (context.embedded()) {
                        // nobody supervises here, so the launcher is a child of this process
                        launcher = ShimRuntime.launcherUnlessThere(context.layout());
                    }
                    runtime = ShimRuntime.open(context.layout(), context.bus());
                    registration = context.bus().serve(NamespaceOperation.CONTRACT, this::handle);
                    return null;
                });
    }

    @Override
    public Future<?> stop() {
        return vertx.executeBlocking(
                () -> {
                    registration.close();
                    runtime.close();
                    launcher.ifPresent(LauncherProcess::close);
                    return null;
                });
    }

    private Object handle(Request<NamespaceOperation<?>> request) {
        var deadline = request.deadline();
        return switch (request.operation()) {
            case NamespaceOperation.Create create -> runtime.create(create, deadline);
            case NamespaceOperation.Run(var create) -> runtime.run(create, deadline);
            case NamespaceOperation.Start(var id) -> runtime.start(id, deadline);
            case NamespaceOperation.Signal(var id, var signal, var all) ->
                    runtime.signal(id, signal, all, deadline);
            case NamespaceOperation.Exec exec -> runtime.exec(exec, deadline);
            case NamespaceOperation.Resize(var id, var execId, var rows, var columns) ->
                    runtime.resize(id, execId, rows, columns, deadline);
            case NamespaceOperation.State(var id) -> runtime.state(id);
            case NamespaceOperation.ExecState(var id, var execId) -> runtime.execState(id, execId);
            case NamespaceOperation.Explain(var id) -> runtime.explain(id);
            case NamespaceOperation.ListAll _ -> new NamespaceResult.States(runtime.list());
            case NamespaceOperation.Delete(var id, var force) ->
                    runtime.delete(id, force, deadline);
        };
    }
}
