package dev.gantry.bus.broker;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Notifications;
import dev.gantry.bus.service.ProcessSetup;
import dev.gantry.bus.service.ServiceOptions;

import io.vertx.core.Vertx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** The broker's process: {@code [--run DIR] [--state DIR] [--bus SOCKET] [--policy FILE]}. */
public final class Main {
    private static final String NAME = "bus";
    private static final long STOP_SECONDS = 5;

    private Main() {}

    /** Starts the broker; returns when it listens. */
    public static void main(String[] arguments) {
        ProcessSetup.prepare();
        try {
            start(new ArrayList<>(List.of(arguments)));
        } catch (FaultException e) {
            ProcessSetup.fail(NAME, e.getMessage());
        } catch (ExecutionException e) {
            ProcessSetup.fail(NAME, e.getCause().getMessage());
        } catch (InterruptedException e) {
            ProcessSetup.fail(NAME, "interrupted");
        }
    }

    private static void start(List<String> arguments)
            throws ExecutionException, InterruptedException {
        var policy = policy(arguments);
        var socket = ServiceOptions.parse(arguments.toArray(String[]::new)).busSocket();
        var notifications = Notifications.fromEnvironment();
        var vertx = ProcessSetup.vertx();
        vertx.deployVerticle(new Broker(socket, policy, Limits.DEFAULT))
                .toCompletionStage()
                .toCompletableFuture()
                .get();
        Runtime.getRuntime()
                .addShutdownHook(
                        Thread.ofPlatform()
                                .unstarted(
                                        () -> {
                                            notifications.stopping();
                                            stop(vertx);
                                        }));
        notifications.ready("listens on " + socket);
        notifications.keepWatchdogFed(vertx);
        ProcessSetup.log(NAME, "listens on " + socket);
    }

    private static void stop(Vertx vertx) {
        try {
            vertx.close()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            ProcessSetup.log(NAME, "did not stop cleanly: " + e);
        }
        // The status of a process ended by SIGTERM would be 143, as after a crash.
        Runtime.getRuntime().halt(0);
    }

    private static Policy policy(List<String> arguments) {
        var at = arguments.indexOf("--policy");
        if (at < 0) {
            return Policy.standard();
        }
        if (at + 1 == arguments.size()) {
            throw FaultException.invalid("--policy needs a value");
        }
        var policy = Policy.read(Path.of(arguments.get(at + 1)));
        arguments.subList(at, at + 2).clear();
        return policy;
    }
}
