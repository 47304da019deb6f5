package dev.gantry.seccomp;

import dev.gantry.bus.Bus;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.kit.SeccompContractKit;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;

import io.vertx.core.Vertx;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The service, whole, over the in-memory bus, on this kernel: it needs no right. */
class SeccompVerticleTest extends SeccompContractKit {
    private static Vertx vertx;
    private static LocalBus bus;

    @BeforeAll
    static void serve(@TempDir Path directory) throws Exception {
        vertx = Vertx.vertx();
        bus = new LocalBus();
        var context = new ServiceContext(bus, Layout.below(directory), false, true);
        vertx.deployVerticle(new SeccompProvider().verticle(context))
                .toCompletionStage()
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
    }

    @AfterAll
    static void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        bus.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }
}
