package dev.gantry.orchestrator.cli;

import dev.gantry.bus.LocalBus;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.HostSetup;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;

import java.nio.file.Files;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** All services in this process, over the in-memory bus: {@code --embedded}. */
final class EmbeddedEngine {
    private static final long START_SECONDS = 60;

    private EmbeddedEngine() {}

    /** What two sets of services made in the same places, the first to end would take away. */
    private static void refuseBesideServices(Layout layout) {
        if (!Files.exists(layout.busSocket())) {
            return;
        }
        try {
            SocketBus.connect(layout.busSocket()).close();
        } catch (FaultException nobodyListens) {
            return;
        }
        throw FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "the services of %s run already: leave --embedded away",
                layout.run());
    }

    /** Starts every service that the ServiceLoader finds; closing the engine stops them. */
    static Engine start(Layout layout) {
        Invocation.current().needsOwnProcess();
        if (!"root".equals(System.getProperty("user.name"))) {
            throw FaultException.of(
                    FaultCode.PERMISSION_DENIED, "--embedded needs root: the services run in it");
        }
        refuseBesideServices(layout);
        new HostSetup(layout).make();
        var vertx =
                Vertx.vertx(
                        new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
        var bus = new LocalBus();
        for (var provider : ServiceLoader.load(ServiceProvider.class)) {
            var context = new ServiceContext(bus, layout, false, true);
            await(vertx.deployVerticle(provider.verticle(context)), provider.name());
        }
        var engine = BusEngine.over(bus);
        return new Engine() {
            @Override
            public <O extends dev.gantry.bus.Operation<?>, R> R ask(
                    dev.gantry.bus.Contract<O> contract,
                    dev.gantry.bus.Operation<R> operation,
                    java.time.Duration within) {
                return engine.ask(contract, operation, within);
            }

            @Override
            public void close() {
                await(vertx.close(), "the services");
                engine.close();
            }
        };
    }

    private static void await(io.vertx.core.Future<?> done, String what) {
        try {
            done.toCompletionStage().toCompletableFuture().get(START_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "%s: %s", what, e.getCause().getMessage());
        } catch (TimeoutException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "%s: nothing after %d s", what, START_SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted while starting %s", what);
        }
    }
}
