package dev.gantry.network;

import dev.gantry.bus.Bus;
import dev.gantry.bus.kit.NetworkContractKit;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/** The contract kit against network-svc itself, over the in-memory bus. */
@RequiresRoot
class NativeNetworkIT extends NetworkContractKit {
    @TempDir static Path directory;
    private static RunningService service;

    @BeforeAll
    static void start() {
        OwnNetwork.enter();
        service = RunningService.start(directory);
    }

    @AfterAll
    static void stop() {
        service.close();
        service.assertNothingLeft();
    }

    @Override
    protected Bus bus() {
        return service.bus();
    }
}
