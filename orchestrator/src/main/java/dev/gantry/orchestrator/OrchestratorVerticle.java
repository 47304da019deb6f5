package dev.gantry.orchestrator;

import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.orchestrator.build.Builds;
import dev.gantry.orchestrator.engine.ComposedEngine;
import dev.gantry.orchestrator.engine.ContainerEngine;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** Serves {@code container.v1}: receive, switch, reply. */
public final class OrchestratorVerticle extends VerticleBase {
    private final ServiceContext context;
    private ComposedEngine engine;
    private Builds builds;
    private Registration registration;

    /** An orchestrator over the bus and the directories of the context. */
    public OrchestratorVerticle(ServiceContext context) {
        this.context = context;
    }

    @Override
    public Future<?> start() {
        return vertx.executeBlocking(
                () -> {
                    engine = ComposedEngine.open(context);
                    builds =
                            new Builds(
                                    engine,
                                    new Services(context.bus()),
                                    context.layout().state(OrchestratorProvider.NAME));
                    registration = context.bus().serve(ContainerOperation.CONTRACT, this::handle);
                    builds.clearLeftovers();
                    return null;
                },
                false);
    }

    @Override
    public Future<?> stop() {
        return vertx.executeBlocking(
                () -> {
                    registration.close();
                    builds.close();
                    engine.close();
                    return null;
                },
                false);
    }

    private Object handle(Request<ContainerOperation<?>> request) {
        return carryOut(engine, builds, request.operation(), Caller.of(request));
    }

    static Object carryOut(
            ContainerEngine engine, Builds builds, ContainerOperation<?> operation, Caller caller) {
        return switch (operation) {
            case ContainerOperation.Create create -> engine.create(create, caller);
            case ContainerOperation.Run run -> engine.run(run, caller);
            case ContainerOperation.Start start -> engine.start(start, caller);
            case ContainerOperation.Stop stop -> engine.stop(stop, caller);
            case ContainerOperation.Kill kill -> engine.kill(kill, caller);
            case ContainerOperation.Wait await -> engine.await(await, caller);
            case ContainerOperation.Exec exec -> engine.exec(exec, caller);
            case ContainerOperation.ExecWait await -> engine.execWait(await, caller);
            case ContainerOperation.Resize resize -> engine.resize(resize, caller);
            case ContainerOperation.Attach attach -> engine.attach(attach, caller);
            case ContainerOperation.Logs logs -> engine.logs(logs, caller);
            case ContainerOperation.Inspect inspect -> engine.inspect(inspect, caller);
            case ContainerOperation.ListAll list -> engine.list(list, caller);
            case ContainerOperation.Stats stats -> engine.stats(stats, caller);
            case ContainerOperation.Top top -> engine.top(top, caller);
            case ContainerOperation.Pause pause -> engine.pause(pause, caller);
            case ContainerOperation.Unpause unpause -> engine.unpause(unpause, caller);
            case ContainerOperation.Update update -> engine.update(update, caller);
            case ContainerOperation.Rename rename -> engine.rename(rename, caller);
            case ContainerOperation.Recreate recreate -> engine.recreate(recreate, caller);
            case ContainerOperation.Remove remove -> engine.remove(remove, caller);
            case ContainerOperation.Explain explain -> engine.explain(explain, caller);
            case ContainerOperation.EventLog events -> engine.events(events, caller);
            case ContainerOperation.Build<?>(var build) -> builds.carryOut(build);
            case ContainerOperation.Info info -> engine.info(info, caller);
        };
    }
}
