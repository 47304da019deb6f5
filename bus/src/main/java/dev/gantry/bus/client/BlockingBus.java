package dev.gantry.bus.client;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Contract;
import dev.gantry.bus.Event;
import dev.gantry.bus.Handler;
import dev.gantry.bus.Operation;
import dev.gantry.bus.PeerSession;
import dev.gantry.bus.Registration;
import dev.gantry.bus.Reply;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.FrameReader;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The bus for short-lived programs such as the command line: the JDK's own socket and one reader
 * thread, neither Vert.x nor Netty, so that it starts at once. It does not connect again: when the
 * connection is lost, every call is answered UNAVAILABLE.
 */
public final class BlockingBus implements Bus {
    private static final int READ_BUFFER = 64 * 1024;

    private final SocketChannel channel;
    private final PeerSession session = new PeerSession();

    private BlockingBus(SocketChannel channel) {
        this.channel = channel;
    }

    /** Connects; UNAVAILABLE at once where no broker listens. */
    public static BlockingBus connect(Path socket) {
        try {
            var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            var bus = new BlockingBus(channel);
            bus.session.connected(bus::write);
            Thread.ofPlatform().daemon().name("bus-reader").start(bus::read);
            return bus;
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "connect %s: %s", socket, e.getMessage());
        }
    }

    // Under the session's lock: one frame at a time.
    private void write(byte[] frame) {
        var data = ByteBuffer.wrap(frame);
        try {
            while (data.hasRemaining()) {
                channel.write(data);
            }
        } catch (IOException e) {
            // The reader sees the same end, and answers whoever waits.
            closeChannel();
        }
    }

    private void read() {
        var reader = new FrameReader(FrameReader.DEFAULT_LONGEST * 2);
        var data = ByteBuffer.allocate(READ_BUFFER);
        var why = "the bus closed the connection";
        try {
            while (channel.read(data) >= 0) {
                reader.read(data.flip(), session::received);
                data.clear();
            }
        } catch (IOException | FaultException e) {
            why = "the connection to the bus is lost: " + e.getMessage();
        }
        session.abandoned(why);
        closeChannel();
    }

    private void closeChannel() {
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger("dev.gantry.bus")
                    .log(System.Logger.Level.DEBUG, "closing the bus connection", e);
        }
    }

    @Override
    public <O extends Operation<?>, R> CompletableFuture<Reply<R>> call(
            Contract<O> contract, Operation<R> operation, CallOptions options) {
        return session.call(contract, operation, options);
    }

    @Override
    public <O extends Operation<?>, R> R ask(
            Contract<O> contract, Operation<R> operation, CallOptions options) {
        return session.ask(contract, operation, options);
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
        closeChannel();
    }
}
