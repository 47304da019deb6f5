package dev.gantry.network;

import dev.gantry.bus.Bus;
import dev.gantry.bus.kit.NetworkContractKit;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;

/** The contract kit against another implementation, in another language, over a real broker. */
@RequiresRoot
class PythonNetworkIT extends NetworkContractKit {
    @TempDir static Path directory;
    private static SocketBroker broker;
    private static PythonService service;
    private static Bus bus;

    @BeforeAll
    static void start() throws IOException {
        OwnNetwork.enter();
        broker = new SocketBroker(directory);
        service = new PythonService(directory);
        bus = broker.connect();
    }

    @AfterAll
    static void stop() {
        service.close();
        bus.close();
        broker.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }
}
