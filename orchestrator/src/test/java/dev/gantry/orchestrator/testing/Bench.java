package dev.gantry.orchestrator.testing;

import dev.gantry.bus.CallOptions;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.OrchestratorVerticle;

import io.vertx.core.Vertx;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** An orchestrator over an in-memory bus with fake services; it can be stopped and come back. */
public final class Bench implements AutoCloseable {
    public final LocalBus bus = new LocalBus();
    public final FakeServices services = new FakeServices(bus);
    public final Layout layout;
    private final Vertx vertx = Vertx.vertx();
    private String deployment;

    public Bench(Path directory) {
        layout = Layout.below(directory);
        up();
    }

    /** Starts the orchestrator. */
    public void up() {
        var context = new ServiceContext(bus, layout, false, true);
        deployment = wait(vertx.deployVerticle(new OrchestratorVerticle(context)));
    }

    /** Stops it; containers and services go on. */
    public void down() {
        wait(vertx.undeploy(deployment));
    }

    public <R> R ask(ContainerOperation<R> operation) {
        return ask(operation, Duration.ofSeconds(20));
    }

    public <R> R ask(ContainerOperation<R> operation, Duration within) {
        return bus.ask(ContainerOperation.CONTRACT, operation, CallOptions.within(within));
    }

    /** A spec of the image {@code image} with the given properties. */
    public static ContainerSpec spec(Map<String, ?> properties) {
        var node =
                Json.mapper()
                        .<com.fasterxml.jackson.databind.node.ObjectNode>valueToTree(properties);
        if (!node.has("image")) {
            node.put("image", "image");
        }
        return Json.mapper().convertValue(node, ContainerSpec.class);
    }

    public String state(String container) {
        return ask(new ContainerOperation.Inspect(container))
                .container()
                .path("State")
                .path("Status")
                .asText();
    }

    /** Waits, at most ten seconds, for what is to come about. */
    public static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("did not come about within 10 s");
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    private static <T> T wait(io.vertx.core.Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        down();
        services.close();
        wait(vertx.close());
        bus.close();
    }
}
