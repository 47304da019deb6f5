package dev.gantry.bus.service;

import dev.gantry.bus.Bus;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.fault.FaultException;

import io.vertx.core.Future;
import io.vertx.core.Vertx;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs one service as a process: connects to the bus, deploys the service's verticle, tells systemd
 * (or whoever reads NOTIFY_SOCKET), and drains on SIGTERM.
 */
public final class ServiceHost {
    private static final Duration BUS_PATIENCE = Duration.ofSeconds(30);
    private static final Duration START_PATIENCE = Duration.ofSeconds(60);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);

    private final ServiceProvider provider;
    private final ServiceOptions options;
    private final Notifications notifications = Notifications.fromEnvironment();
    private final RunMarker marker;

    private ServiceHost(ServiceProvider provider, ServiceOptions options) {
        this.provider = provider;
        this.options = options;
        this.marker = new RunMarker(options.layout().state(provider.name()));
    }

    /** What the {@code main} method of a service does. Returns when the service serves. */
    public static void main(ServiceProvider provider, String[] arguments) {
        ProcessSetup.prepare();
        try {
            new ServiceHost(provider, ServiceOptions.parse(arguments)).start();
        } catch (FaultException | IOException e) {
            ProcessSetup.fail(provider.name(), e.getMessage());
        } catch (RuntimeException | LinkageError e) {
            e.printStackTrace();
            ProcessSetup.fail(provider.name(), e.toString());
        }
    }

    private void start() throws IOException {
        var afterCrash = marker.begin();
        var vertx = ProcessSetup.vertx();
        var bus = SocketBus.connectLasting(options.busSocket(), BUS_PATIENCE);
        var context = new ServiceContext(bus, options.layout(), afterCrash, false);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> stop(vertx, bus)));
        deploy(vertx, context);
        notifications.ready("serves " + provider.name());
        notifications.keepWatchdogFed(vertx);
        ProcessSetup.log(
                provider.name(),
                "serves on %s%s"
                        .formatted(
                                options.busSocket(),
                                afterCrash ? ", after a run that did not end cleanly" : ""));
    }

    private void deploy(Vertx vertx, ServiceContext context) {
        try {
            vertx.deployVerticle(provider.verticle(context))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(START_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FaultException fault) {
                throw fault;
            }
            throw new CompletionException("the service did not start", e.getCause());
        } catch (TimeoutException e) {
            throw new CompletionException("the service did not start in " + START_PATIENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException("interrupted", e);
        }
    }

    /** SIGTERM: give the addresses up, answer what was begun, undeploy, exit 0. */
    private void stop(Vertx vertx, Bus bus) {
        var status = 0;
        try {
            notifications.stopping();
            // First the verticle, which gives its addresses up while there still is a bus.
            for (var deployment : vertx.deploymentIDs()) {
                await(vertx.undeploy(deployment));
            }
            bus.close();
            await(vertx.close());
            marker.end();
            ProcessSetup.log(provider.name(), "stopped");
        } catch (Exception e) {
            ProcessSetup.log(provider.name(), "did not stop cleanly: " + e);
            status = 1;
        }
        // The status of a process ended by SIGTERM would be 143, as after a crash.
        Runtime.getRuntime().halt(status);
    }

    private static void await(Future<?> done) throws Exception {
        done.toCompletionStage()
                .toCompletableFuture()
                .get(STOP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
}
