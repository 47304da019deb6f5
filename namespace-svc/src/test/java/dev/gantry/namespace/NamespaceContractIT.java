package dev.gantry.namespace;

import dev.gantry.bus.Bus;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.kit.NamespaceContractKit;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.testing.RequiresRoot;

import io.vertx.core.Vertx;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The contract, kept by the real service with the real launcher. */
@RequiresRoot
class NamespaceContractIT extends NamespaceContractKit {
    @TempDir static Path home;
    private static LocalBus bus;
    private static Vertx vertx;
    private static BusyboxRoot roots;

    @BeforeAll
    static void serve() throws Exception {
        roots = new BusyboxRoot(home.resolve("roots"));
        bus = new LocalBus();
        vertx = Vertx.vertx();
        var context = new ServiceContext(bus, Layout.below(home), false, true);
        vertx.deployVerticle(new NamespaceProvider().verticle(context))
                .toCompletionStage()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
    }

    @AfterAll
    static void stop() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
        bus.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }

    @Override
    protected Rootfs rootfs(String id) {
        return roots.of(id);
    }
}
