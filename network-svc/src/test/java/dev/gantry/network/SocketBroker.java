package dev.gantry.network;

import dev.gantry.bus.Bus;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.broker.Broker;
import dev.gantry.bus.broker.Limits;
import dev.gantry.bus.broker.Policy;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A real broker in this JVM, on which root may own and call network.v1. */
final class SocketBroker implements AutoCloseable {
    private static final String POLICY =
            """
            {"identities": {"tester": {"uids": [0], "own": ["network.v1"], "call": ["network.v1"],
             "publish": ["events.network.*"], "subscribe": ["events.*"]}}}
            """;
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    private final Path socket;

    SocketBroker(Path directory) {
        socket = directory.resolve("run/bus/bus.sock");
        try {
            Files.createDirectories(socket.getParent());
            var policy = Files.writeString(directory.resolve("policy.json"), POLICY);
            vertx.deployVerticle(new Broker(socket, Policy.read(policy), Limits.DEFAULT))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    Bus connect() {
        return SocketBus.connectLasting(socket, Duration.ofSeconds(10));
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
