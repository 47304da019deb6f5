package dev.gantry.bus.testing;

import dev.gantry.bus.SocketBus;
import dev.gantry.bus.broker.Broker;
import dev.gantry.bus.broker.Limits;
import dev.gantry.bus.broker.Policy;
import dev.gantry.bus.service.ProcessSetup;

import io.vertx.core.Vertx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A broker on a socket of its own, in this process, that lets the user of the test do all. */
public final class TestBroker implements AutoCloseable {
    private final Path socket;
    private final Limits limits;
    private final Policy policy;
    private Vertx vertx;

    /** A broker with the limits that it has in production, in a directory of the test's. */
    public static TestBroker in(Path directory) {
        return new TestBroker(directory, Limits.DEFAULT, permissive());
    }

    /** A broker with limits of the test's own. */
    public static TestBroker in(Path directory, Limits limits) {
        return new TestBroker(directory, limits, permissive());
    }

    /** A broker with a policy of the test's own. */
    public static TestBroker in(Path directory, Policy policy) {
        return new TestBroker(directory, Limits.DEFAULT, policy);
    }

    private TestBroker(Path directory, Limits limits, Policy policy) {
        this.socket = directory.resolve("bus.sock");
        this.limits = limits;
        this.policy = policy;
        start();
    }

    /** The user that runs the test may do everything. */
    public static Policy permissive() {
        var all = List.of("*");
        return new Policy(
                Map.of("test", new Policy.Identity(List.of(ownUid()), all, all, all, all)));
    }

    /** The user that runs the test. */
    public static long ownUid() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Where it listens. */
    public Path socket() {
        return socket;
    }

    /** A client as services use it. */
    public SocketBus connect() {
        return SocketBus.connectLasting(socket, Duration.ofSeconds(20));
    }

    /** A client as the command line uses it. */
    public SocketBus connectOnce() {
        return SocketBus.connect(socket);
    }

    /** Listens, again after a {@link #stop}. */
    public void start() {
        vertx = ProcessSetup.vertx();
        join(vertx.deployVerticle(new Broker(socket, policy, limits)));
    }

    /** Goes away as a broker does that dies: every connection is lost. */
    public void stop() {
        join(vertx.close());
    }

    @Override
    public void close() {
        stop();
    }

    private static void join(io.vertx.core.Future<?> future) {
        future.toCompletionStage().toCompletableFuture().join();
    }
}
