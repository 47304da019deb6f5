package dev.gantry.orchestrator.cli;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.SocketBus;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The engine behind a bus. */
final class BusEngine implements Engine {
    private static final Path SYSTEMD = Path.of("/run/systemd/system");
    private static final Path TARGET = Path.of("/etc/systemd/system/gantry.target");
    private static final Duration RESTART = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final Bus bus;

    private BusEngine(Bus bus) {
        this.bus = bus;
    }

    /**
     * Connects to the running services; where none answer, root starts them, unless systemd has
     * units for that.
     */
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
        if (unitsServe(socket)) {
            return new BusEngine(connectToUnits(socket));
        }
        gantry.err().println("gantry: starting the services");
        gantry.err().flush();
        UpCommand.up(gantry);
        return new BusEngine(SocketBus.connect(socket));
    }

    /** Whether systemd runs (sd_booted(3)) and the services of this socket are its units. */
    private static boolean unitsServe(Path socket) {
        return socket.equals(Layout.DEFAULT.busSocket())
                && Files.exists(SYSTEMD)
                && Files.exists(TARGET);
    }

    // A socket that nobody listens on is that of a broker which is being restarted.
    private static SocketBus connectToUnits(Path socket) {
        var until = System.nanoTime() + RESTART.toNanos();
        while (Files.exists(socket) && System.nanoTime() < until) {
            try {
                return SocketBus.connect(socket);
            } catch (FaultException notYet) {
                pause();
            }
        }
        throw FaultException.of(
                FaultCode.UNAVAILABLE,
                "no services answer at %s, and their units are installed: systemctl start"
                        + " gantry.target",
                socket);
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted");
        }
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
