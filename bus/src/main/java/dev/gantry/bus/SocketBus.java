package dev.gantry.bus;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.FrameReader;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The bus over the broker's socket: whoever sends writes to the socket itself, and one thread reads
 * for all, so that a call changes threads as seldom as can be. docs/decisions/0007 has the figures.
 */
public final class SocketBus implements Bus {
    private static final System.Logger LOG = System.getLogger("dev.gantry.bus");
    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
    private static final int READ_BUFFER = 64 * 1024;
    private static final int LONGEST_FRAME =
            FrameReader.DEFAULT_LONGEST + SessionFrames.MOST_ENVELOPE;

    private final Path socket;
    private final boolean lasting;
    private final PeerSession session = new PeerSession();
    private volatile SocketChannel channel;
    private volatile boolean closed;

    private SocketBus(Path socket, SocketChannel channel, boolean lasting) {
        this.socket = socket;
        this.channel = channel;
        this.lasting = lasting;
        session.connected(bytes -> write(channel, bytes));
        Thread.ofPlatform().daemon().name("bus-reader").start(this::read);
    }

    /**
     * Connects once, for a short-lived program: UNAVAILABLE where no broker listens, and when the
     * connection is lost every call is answered UNAVAILABLE.
     */
    public static SocketBus connect(Path socket) {
        try {
            return new SocketBus(socket, open(socket), false);
        } catch (IOException e) {
            throw unavailable(socket, e.getMessage());
        }
    }

    /**
     * Connects for good, for a service: a broker that is not there yet is waited for, and when the
     * connection is lost it connects again, with a growing pause, and registers everything again.
     *
     * @param patience after which it is UNAVAILABLE
     */
    public static SocketBus connectLasting(Path socket, Duration patience) {
        var until = System.nanoTime() + patience.toNanos();
        for (var pause = FIRST_PAUSE; ; pause = longer(pause)) {
            try {
                return new SocketBus(socket, open(socket), true);
            } catch (IOException notYet) {
                if (System.nanoTime() - until > 0) {
                    throw unavailable(socket, "no bus answers there: " + notYet.getMessage());
                }
                rest(pause);
            }
        }
    }

    private static SocketChannel open(Path socket) throws IOException {
        var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static FaultException unavailable(Path socket, String why) {
        return FaultException.of(FaultCode.UNAVAILABLE, "connect %s: %s", socket, why);
    }

    private static Duration longer(Duration pause) {
        var doubled = pause.multipliedBy(2);
        return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }

    private static void rest(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted");
        }
    }

    // Under the session's lock: one frame at a time.
    private static void write(SocketChannel to, byte[] frame) {
        var data = ByteBuffer.wrap(frame);
        try {
            while (data.hasRemaining()) {
                to.write(data);
            }
        } catch (IOException e) {
            // The reader sees the same end, and sees to those who wait.
            close(to);
        }
    }

    private void read() {
        do {
            var why = readUntilLost(channel);
            close(channel);
            if (!lasting || closed) {
                session.abandoned(why);
                return;
            }
            session.disconnected();
            LOG.log(System.Logger.Level.WARNING, "{0} ({1}): connecting again", why, socket);
        } while (connectedAgain());
    }

    /** Hands over what comes, until nothing can come any more; returns why. */
    private String readUntilLost(SocketChannel from) {
        var reader = new FrameReader(LONGEST_FRAME);
        var data = ByteBuffer.allocateDirect(READ_BUFFER);
        try {
            while (from.read(data) >= 0) {
                reader.read(data.flip(), session::received);
                data.clear();
            }
            return "the bus closed the connection";
        } catch (IOException | FaultException e) {
            return "the connection to the bus is lost: " + e.getMessage();
        }
    }

    private boolean connectedAgain() {
        for (var pause = FIRST_PAUSE; !closed; pause = longer(pause)) {
            try {
                var fresh = open(socket);
                channel = fresh;
                session.connected(bytes -> write(fresh, bytes));
                if (!closed) {
                    return true;
                }
                close(fresh);
            } catch (IOException notYet) {
                rest(pause);
            }
        }
        return false;
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing the bus connection", e);
        }
    }

    @Override
    public <O extends Operation<?>, R> CompletableFuture<Reply<R>> call(
            Contract<O> contract, Operation<R> operation, CallOptions options) {
        return session.call(contract, operation, options);
    }

    @Override
    public <O extends Operation<?>> Registration serve(Contract<O> contract, Handler<O> handler) {
        return session.serve(contract, handler);
    }

    @Override
    public void publish(String topic, ObjectNode body) {
        session.publish(topic, body);
    }

    @Override
    public Registration subscribe(String pattern, Consumer<Event> subscriber) {
        return session.subscribe(pattern, subscriber);
    }

    @Override
    public void close() {
        session.close();
        closed = true;
        close(channel);
    }
}
