package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.SocketBus;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;
import dev.gantry.orchestrator.invocation.Invocation;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The services of an instance, as a command finds them or has them started. */
public final class RunningServices {
    private static final Path SYSTEMD = Path.of("/run/systemd/system");
    private static final Path TARGET = Path.of("/etc/systemd/system/gantry.target");
    private static final Duration RESTART = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final int READY_SECONDS = 90;

    private RunningServices() {}

    /**
     * Connects to the running services; where none answer, root starts them, unless systemd has
     * units for that.
     *
     * @param starting told before they are started
     */
    public static SocketBus connectOrStart(Layout layout, Runnable starting) {
        var socket = layout.busSocket();
        if (Files.exists(socket)) {
            try {
                return SocketBus.connect(socket);
            } catch (FaultException e) {
                // A socket that nobody listens on any more: the services are to be started.
                if (e.fault().code() != FaultCode.UNAVAILABLE) {
                    throw e;
                }
            }
        }
        if (unitsServe(socket)) {
            return connectToUnits(socket);
        }
        Invocation.current().needsOwnProcess();
        starting.run();
        start(layout);
        return SocketBus.connect(socket);
    }

    /** Starts the services, one process each, if they do not run. */
    public static void start(Layout layout) {
        new SupervisorProcess(layout, home()).startAndAwait(READY_SECONDS);
    }

    /** Where this Gantry is installed: its jars, its launcher, its caches. */
    public static Path home() {
        return Optional.ofNullable(System.getProperty("gantry.home"))
                .map(Path::of)
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.FAILED_PRECONDITION,
                                        "the property gantry.home is not set: start the command by"
                                                + " its script, gantry or gantry-oci"));
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
}
