package dev.gantry.storage;

import dev.gantry.bus.Bus;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.kit.TransferContractKit;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.bus.testing.RequiresRoot;

import io.vertx.core.Vertx;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** Transfers of the service itself, over the bus, against the kernel. */
@RequiresRoot
class TransferContractIT extends TransferContractKit {
    @TempDir Path state;
    private Vertx vertx;
    private Bus bus;

    @BeforeEach
    void serve() {
        vertx = Vertx.vertx();
        bus = new LocalBus();
        var context = new ServiceContext(bus, Layout.below(state), false, false);
        vertx.deployVerticle(new StorageProvider().verticle(context)).await();
    }

    @AfterEach
    void stop() {
        vertx.close().await();
        bus.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }
}
