package dev.gantry.orchestrator.cli;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.nio.file.Files;
import java.time.Duration;

/** The engine behind a bus. */
final class BusEngine implements Engine {
    private final Bus bus;

    private BusEngine(Bus bus) {
        this.bus = bus;
    }

    /** Connects to the running services; where none answer, root starts them. */
    static Engine connectOrStart(GantryCommand gantry) {
        var socket = gantry.layout().busSocket();
        if (Files.exists(socket)) {
            try {
                return new BusEngine(SocketBus.connect(socket));
            } catch (FaultException e) {
                // A socket that nobody listens on any more: the services are to be started.
                if (e.fault().code() != FaultCode.UNAVAILABLE) {
                    throw e;
                }
            }
        }
        gantry.err().println("gantry: starting the services");
        gantry.err().flush();
        UpCommand.up(gantry);
        return new BusEngine(SocketBus.connect(socket));
    }

    static Engine over(Bus bus) {
        return new BusEngine(bus);
    }

    @Override
    public <O extends Operation<?>, R> R ask(
            Contract<O> contract, Operation<R> operation, Duration within) {
        return bus.ask(contract, operation, CallOptions.within(within));
    }

    @Override
    public void close() {
        bus.close();
    }
}
