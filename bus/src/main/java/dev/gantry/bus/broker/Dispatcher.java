package dev.gantry.bus.broker;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import dev.gantry.bus.OperationCodec;
import dev.gantry.bus.Peer;
import dev.gantry.bus.Topics;
import dev.gantry.bus.broker.Counters.Of;
import dev.gantry.bus.contract.bus.BusOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.fault.Quote;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.FrameParser;
import dev.gantry.bus.wire.Json;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/** One frame at a time: what it asks, whether the policy allows it, and who carries it on. */
final class Dispatcher {
    private static final String TOPICS = "events.";
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    private final Limits limits;
    private final Counters counters;
    private final Router router;
    private final Subscriptions subscriptions;
    private final Introspection introspection;
    private final Peer self = new Peer("bus", -1, -1, ProcessHandle.current().pid());

    Dispatcher(Timers timers, Limits limits, Counters counters, Collection<ConnectedPeer> peers) {
        this.limits = limits;
        this.counters = counters;
        this.router = new Router(timers, limits, counters, this::ownerChanged);
        this.subscriptions = new Subscriptions(counters);
        this.introspection = new Introspection(peers, router, counters);
    }

    /** Takes a frame; a FaultException means that the peer breaks the protocol. */
    void dispatch(ConnectedPeer from, byte[] json) {
        from.frames++;
        if (from.isCut()) {
            return;
        }
        var frame = FrameParser.parse(json);
        try {
            switch (frame.type()) {
                case Frame.SEND -> send(from, frame);
                case Frame.PUBLISH -> publish(from, frame);
                case Frame.REGISTER -> register(from, frame);
                case Frame.UNREGISTER -> unregister(from, frame);
                case Frame.PING -> from.send(Frame.of(Frame.PONG, "", "", Map.of()));
                default ->
                        throw FaultException.invalid(
                                "unknown frame type %s; known are send, publish, register,"
                                        + " unregister, ping",
                                Quote.of(frame.type()));
            }
        } catch (FaultException e) {
            from.refuse(answerAddress(frame), e.fault());
        }
    }

    void gone(ConnectedPeer peer) {
        subscriptions.gone(peer);
        router.gone(peer);
    }

    private void send(ConnectedPeer from, Frame frame) {
        if (frame.address().equals(BusOperation.CONTRACT.address())
                && from.rights.mayCall(frame.address())) {
            var operation = OperationCodec.decode(BusOperation.CONTRACT, frame.body());
            switch (operation) {
                case BusOperation.Status status ->
                        from.send(
                                new Frame(
                                        Frame.MESSAGE,
                                        frame.replyAddress(),
                                        "",
                                        Map.of(),
                                        OperationCodec.encodeResult(introspection.status())));
            }
        } else {
            router.send(from, frame);
        }
    }

    private void publish(ConnectedPeer from, Frame frame) {
        Topics.check(frame.address());
        require(
                from,
                frame.address().startsWith(TOPICS) && from.rights.mayPublish(frame.address()),
                "publish on",
                frame.address());
        subscriptions.publish(
                frame.address(),
                Stamp.sender(frame, from.peer),
                frame.body().length == 0 ? NULL : frame.body());
    }

    private void register(ConnectedPeer from, Frame frame) {
        if (from.owns.size() + from.subscribes.size() >= limits.registrations()) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "this connection has %d registrations already",
                    limits.registrations());
        }
        if (frame.address().startsWith(TOPICS)) {
            Topics.checkPattern(frame.address());
            var allowed = from.rights.maySubscribe(frame.address());
            require(from, allowed, "subscribe to", frame.address());
            subscriptions.add(from, frame.address());
            from.acknowledge(frame.replyAddress());
        } else {
            Topics.check(frame.address());
            require(from, from.rights.mayOwn(frame.address()), "own", frame.address());
            router.register(from, frame);
        }
    }

    private void unregister(ConnectedPeer from, Frame frame) {
        if (frame.address().startsWith(TOPICS)) {
            subscriptions.remove(from, frame.address());
        } else {
            router.unregister(from, frame.address());
        }
        from.acknowledge(frame.replyAddress());
    }

    private void require(ConnectedPeer peer, boolean allowed, String what, String address) {
        if (!allowed) {
            counters.count(Of.DENIED);
            throw FaultException.of(
                    FaultCode.PERMISSION_DENIED,
                    "%s may not %s %s",
                    peer.peer.identity(),
                    what,
                    Quote.of(address));
        }
    }

    private void ownerChanged(String address, Optional<ConnectedPeer> owner) {
        var body =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("id", address)
                        .put("timeNanos", System.currentTimeMillis() * 1_000_000L);
        owner.ifPresent(
                peer -> body.put("owner", peer.peer.identity()).put("pid", peer.peer.pid()));
        var topic = owner.isPresent() ? "events.bus.owned" : "events.bus.ownerless";
        try {
            subscriptions.publish(
                    topic,
                    Stamp.sender(Frame.of(Frame.PUBLISH, topic, "", Map.of()), self),
                    Json.mapper().writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an event cannot be written as JSON", e);
        }
    }

    private static String answerAddress(Frame frame) {
        return frame.replyAddress().isEmpty() ? frame.address() : frame.replyAddress();
    }
}
