package dev.gantry.orchestrator.rehearsal;

import dev.gantry.bus.CallOptions;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.broker.Broker;
import dev.gantry.bus.broker.Limits;
import dev.gantry.bus.broker.Policy;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.service.ServiceProvider;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.supervisor.HostSetup;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;

/**
 * Runs broker, services and one container in one process, so that the JVM can write down (AOT
 * cache) what the processes of Gantry load and link at their start. Not a way to run containers.
 */
public final class Rehearsal {
    private static final int ROUNDS = 5;

    private Rehearsal() {}

    /** {@code DIR}: an empty directory for everything that the rehearsal makes. */
    public static void main(String[] arguments) throws Exception {
        var layout = Layout.below(Path.of(arguments[0]));
        var setup = new HostSetup(layout);
        setup.make();
        var vertx =
                Vertx.vertx(
                        new VertxOptions().setEventLoopPoolSize(1).setPreferNativeTransport(true));
        await(vertx.deployVerticle(new Broker(layout.busSocket(), policy(), Limits.DEFAULT)));
        var services = new ArrayList<String>();
        for (var provider : ServiceLoader.load(ServiceProvider.class)) {
            var bus = SocketBus.connectLasting(layout.busSocket(), Duration.ofSeconds(10));
            var context = new ServiceContext(bus, layout, false, true);
            services.add(await(vertx.deployVerticle(provider.verticle(context))));
        }
        try (var client = SocketBus.connect(layout.busSocket())) {
            perform(client);
        }
        for (var service : services.reversed()) {
            await(vertx.undeploy(service));
        }
        await(vertx.close());
        setup.unmake().forEach(left -> System.err.println("rehearsal: " + left));
        Runtime.getRuntime().exit(0);
    }

    private static void perform(SocketBus client) throws Exception {
        var options = CallOptions.DEFAULT;
        client.ask(StorageOperation.CONTRACT, new StorageOperation.HostShell(false), options);
        var spec =
                Json.mapper()
                        .readValue(
                                """
                                {"image": "host-shell", "command": ["true"], "network": "none",
                                 "resources": {"memory": {"limit": 104857600}}}
                                """,
                                ContainerSpec.class);
        for (int i = 0; i < ROUNDS; i++) {
            var created =
                    client.ask(
                            ContainerOperation.CONTRACT, new ContainerOperation.Run(spec), options);
            client.ask(
                    ContainerOperation.CONTRACT,
                    new ContainerOperation.Wait(created.id(), 20_000),
                    options);
            client.ask(
                    ContainerOperation.CONTRACT,
                    new ContainerOperation.Inspect(created.id()),
                    options);
            client.ask(
                    ContainerOperation.CONTRACT,
                    new ContainerOperation.Remove(created.id(), true),
                    options);
        }
        client.ask(
                ContainerOperation.CONTRACT,
                new ContainerOperation.ListAll(true, Map.of()),
                options);
        client.ask(ContainerOperation.CONTRACT, new ContainerOperation.Info(), options);
    }

    /** One user plays all parts here. */
    private static Policy policy() {
        var everything = List.of("*");
        return new Policy(
                Map.of(
                        "rehearsal",
                        new Policy.Identity(
                                List.of(0L), everything, everything, everything, everything)));
    }

    private static <T> T await(Future<T> done) throws Exception {
        return done.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
}
