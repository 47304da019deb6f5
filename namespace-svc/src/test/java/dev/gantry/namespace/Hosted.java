package dev.gantry.namespace;

import dev.gantry.bus.Bus;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.namespace.launcher.LauncherProcess;

import io.vertx.core.Vertx;

import java.util.concurrent.TimeUnit;

/** The service and its launcher, each of which can be ended and started again. */
final class Hosted {
    private final Layout layout;
    private final Bus bus;
    private final Vertx vertx = Vertx.vertx();
    private LauncherProcess launcher;
    private String deployment;

    Hosted(Layout layout, Bus bus) throws Exception {
        this.layout = layout;
        this.bus = bus;
        startLauncher();
        startService();
    }

    void startLauncher() {
        launcher = LauncherProcess.start(layout, 0);
    }

    /** As by kill -9. */
    void killLauncher() throws Exception {
        launcher.handle().destroyForcibly();
        launcher.handle().onExit().get(10, TimeUnit.SECONDS);
    }

    void startService() throws Exception {
        var context = new ServiceContext(bus, layout, true, false);
        deployment =
                vertx.deployVerticle(new NamespaceProvider().verticle(context))
                        .toCompletionStage()
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS);
    }

    void stopService() throws Exception {
        vertx.undeploy(deployment)
                .toCompletionStage()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
    }

    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        launcher.close();
    }
}
