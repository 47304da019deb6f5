package dev.gantry.bus;

import dev.gantry.bus.testing.TestBroker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

final class ShortLivedSocketBusTest extends BusKit {
    @TempDir private Path directory;
    private TestBroker broker;
    private Bus owner;
    private Bus successor;
    private Bus caller;

    @BeforeEach
    void connect() {
        broker = TestBroker.in(directory);
        owner = broker.connect();
        successor = broker.connectOnce();
        caller = broker.connectOnce();
    }

    @AfterEach
    void close() {
        caller.close();
        successor.close();
        owner.close();
        broker.close();
    }

    @Override
    Bus owner() {
        return owner;
    }

    @Override
    Bus successor() {
        return successor;
    }

    @Override
    Bus caller() {
        return caller;
    }
}
