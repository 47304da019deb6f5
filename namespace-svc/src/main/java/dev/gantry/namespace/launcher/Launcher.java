package dev.gantry.namespace.launcher;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.namespace.plan.HostLimits;
import dev.gantry.namespace.plan.PlanWriter;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;

/** The launcher's own socket: one CREATE or REMOVE a connection. */
public final class Launcher {
    private static final String CALLED = "called shim";
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private record Known(long pid, HostLimits limits) {}

    private final NamespaceKernel kernel;
    private final ControlLoop loop;
    private final Path socket;
    private volatile Known known = new Known(0, HostLimits.UNKNOWN);

    /** The launcher that listens (or will) on the socket. */
    public Launcher(NamespaceKernel kernel, ControlLoop loop, Path socket) {
        this.kernel = kernel;
        this.loop = loop;
        this.socket = socket;
    }

    /**
     * Connects, for one request.
     *
     * @throws FaultException UNAVAILABLE if no launcher listens
     */
    public ControlChannel connect(ControlListener listener, Instant deadline) {
        return loop.open(connect(socket, "launcher", deadline), listener);
    }

    /** Connects to the control socket of a shim. */
    public ControlChannel connectShim(Path ctl, ControlListener listener, Instant deadline) {
        return loop.open(connect(ctl, "shim", deadline), listener);
    }

    /** A shim that was called for one plan, and what it may give to its child. */
    public record Called(ControlChannel channel, HostLimits limits) {}

    /** Connects to a shim that somebody has just started, waiting until it listens. */
    public Called connectCalled(Path socket, ControlListener listener, Instant deadline) {
        int fd = connect(socket, CALLED, deadline);
        var limits = ProcessLimits.of(kernel.peerPid(fd).value());
        return new Called(loop.open(fd, listener), limits);
    }

    private static boolean passes(int errno, String who) {
        // a called shim makes its socket, gives it to this service's user and listens, one by one
        boolean starting =
                errno == Errno.ENOENT || errno == Errno.EACCES || errno == Errno.ECONNREFUSED;
        return errno == Errno.EAGAIN || starting && who.equals(CALLED);
    }

    private int connect(Path path, String who, Instant deadline) {
        while (true) {
            var connected = kernel.connect(path);
            if (!connected.failed()) {
                if (who.equals("launcher")) {
                    learn(kernel.peerPid((int) connected.value()).value());
                }
                return (int) connected.value();
            }
            // a full backlog, and a socket that is about to be made, are what waiting helps against
            if (!passes(connected.errno(), who) || Instant.now().isAfter(deadline)) {
                throw FaultException.kernel(
                        FaultCode.UNAVAILABLE,
                        connected.answer(),
                        "connect to the %s at %s",
                        who,
                        path);
            }
            Pause.millis(1);
        }
    }

    /** What the launcher was found to hold, when it was last connected to. */
    public HostLimits limits() {
        return known.limits();
    }

    /** Finds out what the launcher holds, if it is there. */
    public void probe() {
        var connected = kernel.connect(socket);
        if (!connected.failed()) {
            learn(kernel.peerPid((int) connected.value()).value());
            kernel.close((int) connected.value());
        }
    }

    private void learn(long pid) {
        if (pid > 0 && pid != known.pid()) {
            known = new Known(pid, ProcessLimits.of(pid));
        }
    }

    /**
     * Removes the files of a container whose shim is gone, waiting for that until the deadline. One
     * that has none is no error.
     */
    public void remove(String id, Instant deadline) {
        var body = new PlanWriter().string(id).finish();
        for (long pause = 1; ; pause = Math.min(50, pause * 2)) {
            var channel = connect(ControlListener.NOBODY, deadline);
            var answer = channel.ask(ShimRequest.REMOVE, body.duplicate(), deadline).message();
            channel.close();
            boolean done =
                    answer instanceof ShimMessage.Ok
                            || answer instanceof ShimMessage.Failed f && f.errno() == Errno.ENOENT;
            if (done) {
                return;
            }
            if (answer instanceof ShimMessage.Failed failed
                    && (failed.errno() != Errno.EBUSY || Instant.now().isAfter(deadline))) {
                throw ControlChannel.fault(failed);
            }
            Pause.millis(pause);
        }
    }

    /** An empty body. */
    public static ByteBuffer nothing() {
        return NOTHING.duplicate();
    }
}
