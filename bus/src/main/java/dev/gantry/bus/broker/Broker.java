package dev.gantry.bus.broker;

import dev.gantry.bus.Peer;
import dev.gantry.bus.broker.Counters.Of;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.net.NetSocketInternal;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The broker: accepts peers that the policy knows, and hands what they send to {@link Dispatcher}.
 * Everything happens on one event loop, so nothing here is locked, and the order of what one peer
 * sends is kept.
 */
public final class Broker extends VerticleBase {
    private static final System.Logger LOG = System.getLogger("dev.gantry.bus.broker");

    private final Path path;
    private final Policy policy;
    private final Limits limits;
    private final Counters counters = new Counters();
    private final Map<Long, Account> accounts = new HashMap<>();
    private final Set<ConnectedPeer> peers = new LinkedHashSet<>();
    private Dispatcher dispatcher;
    private NetServer server;
    private Timers timers;

    /** A broker that will listen on the path when it is deployed. */
    public Broker(Path socket, Policy policy, Limits limits) {
        this.path = socket;
        this.policy = policy;
        this.limits = limits;
    }

    @Override
    public Future<?> start() throws IOException {
        var listening = new SocketFile(path);
        timers = new Timers(vertx);
        dispatcher = new Dispatcher(timers, limits, counters, peers);
        server =
                vertx.createNetServer(new NetServerOptions().setAcceptBacklog(1024))
                        .connectHandler(this::accept);
        return server.listen(SocketAddress.domainSocketAddress(listening.prepare().toString()))
                .map(
                        bound -> {
                            listening.publish();
                            return bound;
                        });
    }

    @Override
    public Future<?> stop() {
        return server.close()
                .map(
                        closed -> {
                            new SocketFile(path).remove();
                            return closed;
                        });
    }

    private void accept(NetSocket socket) {
        var channel =
                (EpollDomainSocketChannel)
                        ((NetSocketInternal) socket).channelHandlerContext().channel();
        Peer peer;
        try {
            var credentials = channel.peerCredentials();
            var gids = credentials.gids();
            peer =
                    new Peer(
                            "",
                            Integer.toUnsignedLong(credentials.uid()),
                            gids.length > 0 ? Integer.toUnsignedLong(gids[0]) : -1,
                            credentials.pid());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "SO_PEERCRED: {0}", e.getMessage());
            channel.close();
            return;
        }
        var known = policy.identify(peer.uid());
        var account = accounts.computeIfAbsent(peer.uid(), uid -> new Account());
        var connected =
                new ConnectedPeer(
                        channel,
                        new Peer(
                                known.map(Policy.Known::name).orElse(""),
                                peer.uid(),
                                peer.gid(),
                                peer.pid()),
                        known.map(Policy.Known::rights).orElse(Policy.Identity.NONE),
                        account,
                        limits,
                        counters);
        if (known.isEmpty()) {
            reject(connected, FaultCode.PERMISSION_DENIED, "no policy for uid " + peer.uid());
        } else if (peers.size() >= limits.connections()
                || account.connections >= limits.userConnections()) {
            reject(
                    connected,
                    FaultCode.RESOURCE_EXHAUSTED,
                    "uid %d has %d of %d connections"
                            .formatted(peer.uid(), account.connections, limits.userConnections()));
        } else {
            counters.count(Of.CONNECTIONS);
            account.connections++;
            peers.add(connected);
            socket.handler(data -> read(connected, data));
            socket.exceptionHandler(e -> LOG.log(System.Logger.Level.DEBUG, "connection", e));
            socket.closeHandler(nothing -> gone(connected));
        }
        forget(account, peer.uid());
    }

    private void reject(ConnectedPeer peer, FaultCode code, String why) {
        counters.count(Of.REFUSED_CONNECTIONS);
        peer.cutOff(code, why);
    }

    private void read(ConnectedPeer peer, Buffer data) {
        if (peer.isCut()) {
            return;
        }
        try {
            peer.reader.read(
                    ByteBuffer.wrap(data.getBytes()), frame -> dispatcher.dispatch(peer, frame));
        } catch (FaultException e) {
            peer.cutOff(e.fault().code(), e.getMessage());
        }
        account(peer);
        watch(peer);
    }

    private void account(ConnectedPeer peer) {
        var held = peer.reader.held();
        peer.account.heldBytes += held - peer.heldByReader;
        peer.heldByReader = held;
        if (peer.account.heldBytes > limits.heldBytes()) {
            peer.cutOff(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "uid %d holds more than %d bytes of the broker"
                            .formatted(peer.peer.uid(), limits.heldBytes()));
        }
    }

    /** A frame that has begun must end: a byte a second holds the broker's memory for long. */
    private void watch(ConnectedPeer peer) {
        if (!peer.reader.isMidFrame()) {
            timers.cancel(peer.frameTimer);
            peer.frameTimer = -1;
        } else if (peer.frameTimer < 0 || peer.frames != peer.watchedFrame) {
            timers.cancel(peer.frameTimer);
            peer.watchedFrame = peer.frames;
            peer.frameTimer =
                    timers.after(
                            limits.frameTime(),
                            () ->
                                    peer.cutOff(
                                            FaultCode.INVALID_ARGUMENT,
                                            "a frame was not complete after "
                                                    + limits.frameTime().toMillis()
                                                    + " ms"));
        }
    }

    private void gone(ConnectedPeer peer) {
        if (peers.remove(peer)) {
            timers.cancel(peer.frameTimer);
            peer.account.connections--;
            peer.account.heldBytes -= peer.heldByReader;
            dispatcher.gone(peer);
            forget(peer.account, peer.peer.uid());
        }
    }

    private void forget(Account account, long uid) {
        if (account.connections == 0) {
            accounts.remove(uid);
        }
    }
}
