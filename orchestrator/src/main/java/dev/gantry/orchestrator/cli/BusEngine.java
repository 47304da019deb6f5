package dev.gantry.orchestrator.cli;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.RunningServices;

import java.time.Duration;

/** The engine behind a bus. */
final class BusEngine implements Engine {
    private final Bus bus;

    private BusEngine(Bus bus) {
        this.bus = bus;
    }

    /** Connects to the services, which are started if they do not run. */
    static Engine connectOrStart(GantryCommand gantry) {
        var bus =
                RunningServices.connectOrStart(
                        gantry.layout(),
                        () -> {
                            gantry.err().println("gantry: starting the services");
                            gantry.err().flush();
                        });
        Invocation.current().closeAtEnd(bus);
        return new BusEngine(bus);
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
