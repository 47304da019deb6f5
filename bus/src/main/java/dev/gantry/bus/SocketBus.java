package dev.gantry.bus;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.FrameReader;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * The bus over the broker's socket, for services. It connects again when the connection is lost,
 * with a growing pause, and registers everything again. Its blocking methods are not for event-loop
 * threads.
 */
public final class SocketBus implements Bus {
    private static final System.Logger LOG = System.getLogger("dev.gantry.bus");
    private static final long FIRST_PAUSE_MILLIS = 10;
    private static final long LONGEST_PAUSE_MILLIS = 1000;

    private final Vertx vertx;
    private final NetClient client;
    private final SocketAddress address;
    private final PeerSession session = new PeerSession();
    private final CompletableFuture<Void> firstConnection = new CompletableFuture<>();
    private volatile NetSocket socket;
    private volatile boolean closed;

    private SocketBus(Vertx vertx, Path path) {
        this.vertx = vertx;
        this.address = SocketAddress.domainSocketAddress(path.toString());
        this.client = vertx.createNetClient(new NetClientOptions().setTcpNoDelay(false));
    }

    /**
     * Connects; a broker that is not there yet is waited for.
     *
     * @param patience after which it is UNAVAILABLE
     */
    public static SocketBus connect(Vertx vertx, Path socket, Duration patience) {
        var bus = new SocketBus(vertx, socket);
        bus.connect(FIRST_PAUSE_MILLIS);
        try {
            bus.firstConnection.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return bus;
        } catch (TimeoutException | ExecutionException e) {
            bus.close();
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "connect %s: no bus answers there", socket);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            bus.close();
            throw FaultException.of(FaultCode.UNAVAILABLE, "connect %s: interrupted", socket);
        }
    }

    private void connect(long pauseMillis) {
        if (closed) {
            return;
        }
        client.connect(address)
                .onSuccess(this::connected)
                .onFailure(
                        failure ->
                                vertx.setTimer(
                                        pauseMillis,
                                        timer ->
                                                connect(
                                                        Math.min(
                                                                pauseMillis * 2,
                                                                LONGEST_PAUSE_MILLIS))));
    }

    private void connected(NetSocket established) {
        socket = established;
        var reader = new FrameReader(FrameReader.DEFAULT_LONGEST + SessionFrames.MOST_ENVELOPE);
        established.handler(data -> read(established, reader, data));
        established.exceptionHandler(
                e -> LOG.log(System.Logger.Level.DEBUG, "the bus connection", e));
        established.closeHandler(nothing -> lost());
        session.connected(bytes -> established.write(Buffer.buffer(bytes)));
        firstConnection.complete(null);
        if (closed) {
            established.close();
        }
    }

    private void read(NetSocket from, FrameReader reader, Buffer data) {
        try {
            reader.read(ByteBuffer.wrap(data.getBytes()), session::received);
        } catch (FaultException e) {
            LOG.log(System.Logger.Level.ERROR, "the broker sent no frame: {0}", e.getMessage());
            from.close();
        }
    }

    private void lost() {
        session.disconnected();
        if (!closed) {
            LOG.log(System.Logger.Level.WARNING, "lost the bus at {0}, connecting again", address);
            connect(FIRST_PAUSE_MILLIS);
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
        closed = true;
        if (socket != null) {
            // Awaited, so that the last answers have left before the process does.
            socket.close().toCompletionStage().toCompletableFuture().join();
        }
        client.close();
    }
}
