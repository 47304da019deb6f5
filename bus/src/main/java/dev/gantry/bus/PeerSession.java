package dev.gantry.bus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.FrameParser;
import dev.gantry.bus.wire.FrameReader;
import dev.gantry.bus.wire.FrameWriter;
import dev.gantry.bus.wire.Headers;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * A peer's end of the protocol, on whichever socket. It outlives connections: what was not sent
 * when one was lost, and what is repeatable, goes out on the next.
 */
public final class PeerSession implements Bus {
    private static final System.Logger LOG = System.getLogger("dev.gantry.bus");
    private static final Duration DRAIN = Duration.ofSeconds(10);
    private static final int MOST_UNSENT_EVENTS = 4096;
    private static final Peer BROKER = new Peer("bus", -1, -1, -1);

    private final Map<String, Outgoing> pending = new ConcurrentHashMap<>();
    private final Map<String, ServedContract<?>> served = new ConcurrentHashMap<>();
    private final List<QueuedSubscription> subscriptions = new CopyOnWriteArrayList<>();
    private final Queue<Frame> unsentEvents = new ArrayDeque<>();
    private final ReplyNumbers numbers = new ReplyNumbers();
    private final Deadlines deadlines = new Deadlines();
    private final AtWork atWork = new AtWork();
    private final Object link = new Object();
    // Guarded by link, as is the order of what is sent.
    private Connection connection;
    private boolean wasConnected;
    private volatile boolean closed;

    /** A connection to the broker; sends from any thread, in the order of the calls. */
    @FunctionalInterface
    public interface Connection {
        /** Sends one frame with its length. A connection that is lost drops it silently. */
        void send(byte[] frame);
    }

    /** A connection is there: registers everything again and sends what waits. */
    public void connected(Connection established) {
        synchronized (link) {
            connection = established;
            served.keySet().forEach(address -> send(SessionFrames.registerAgain(address)));
            subscriptions.stream()
                    .map(QueuedSubscription::pattern)
                    .distinct()
                    .forEach(pattern -> send(SessionFrames.registerAgain(pattern)));
            pending.forEach((number, call) -> resend(call));
            while (!unsentEvents.isEmpty()) {
                send(unsentEvents.poll());
            }
            if (wasConnected) {
                subscriptions.forEach(subscription -> subscription.gap(BROKER));
            }
            wasConnected = true;
        }
    }

    /** The connection is lost. What waits for an answer goes on waiting until its deadline. */
    public void disconnected() {
        synchronized (link) {
            connection = null;
        }
    }

    /** The connection is lost for good: everything that waits is answered UNAVAILABLE. */
    public void abandoned(String why) {
        closed = true;
        disconnected();
        pending.values().forEach(call -> call.fail(Fault.of(FaultCode.UNAVAILABLE, why)));
    }

    /** Takes one frame from the broker, without its length. */
    public void received(byte[] json) {
        var frame = FrameParser.parse(json);
        var call = pending.get(frame.address());
        if (call != null) {
            call.answer().accept(frame);
        } else if (numbers.matches(frame.address())) {
            // The call has been answered by its deadline on this side.
            LOG.log(System.Logger.Level.DEBUG, "a late answer to {0}", frame.address());
        } else if (frame.type().equals(Frame.ERR)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the bus: {0}: {1}",
                    frame.address(),
                    frame.header(Headers.MESSAGE).orElse("no reason given"));
            if (frame.faultCode() == FaultCode.ALREADY_EXISTS) {
                served.remove(frame.address());
            }
        } else if (frame.type().equals(Frame.MESSAGE)) {
            message(frame);
        }
    }

    private void message(Frame frame) {
        var owned = served.get(frame.address());
        if (frame.header(Headers.DRAIN).isPresent()) {
            served.remove(frame.address());
        } else if (owned != null) {
            Thread.ofVirtual()
                    .name(frame.address())
                    .start(() -> atWork.run(() -> reply(owned, frame)));
        } else if (frame.replyAddress().isEmpty()) {
            deliver(frame);
        } else {
            // The registration was closed while the request was on its way.
            send(
                    SessionFrames.answer(
                            frame.replyAddress(),
                            ServedContract.fault(
                                    Fault.of(
                                            FaultCode.UNAVAILABLE,
                                            frame.address() + " is not served here any more"))));
        }
    }

    private void reply(ServedContract<?> owned, Frame frame) {
        var answer =
                owned.answer(
                        frame.body(),
                        SessionFrames.sender(frame),
                        SessionFrames.deadline(frame),
                        TraceParent.orNew(frame.header(Headers.TRACEPARENT)));
        if (frame.replyAddress().isEmpty()) {
            return;
        }
        if (answer.body().length > FrameReader.DEFAULT_LONGEST - SessionFrames.MOST_ENVELOPE) {
            answer =
                    ServedContract.fault(
                            Fault.of(
                                    FaultCode.RESOURCE_EXHAUSTED,
                                    "the answer has %d bytes: too long for the bus"
                                            .formatted(answer.body().length)));
        }
        send(SessionFrames.answer(frame.replyAddress(), answer));
    }

    private void deliver(Frame frame) {
        try {
            var body = Json.mapper().readValue(frame.body(), ObjectNode.class);
            var event = new Event(frame.address(), body, SessionFrames.sender(frame));
            subscriptions.forEach(subscription -> subscription.offer(event));
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "an event on {0} is not a JSON object",
                    frame.address());
        }
    }

    @Override
    public <O extends Operation<?>, R> CompletableFuture<Reply<R>> call(
            Contract<O> contract, Operation<R> operation, CallOptions options) {
        var call = new PendingCall<>(contract, operation);
        var body = OperationCodec.encode(contract, operation);
        if (closed) {
            call.fail(FaultCode.UNAVAILABLE, "the bus is closed");
        } else if (body.length > FrameReader.DEFAULT_LONGEST - SessionFrames.MOST_ENVELOPE) {
            call.fail(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "the request has %d bytes: too long for the bus".formatted(body.length));
        } else {
            var number = numbers.next();
            var outgoing =
                    new Outgoing(
                            SessionFrames.request(
                                    contract, operation, number, body, options.traceparent()),
                            System.nanoTime() + options.timeout().toNanos(),
                            operation.repeatable(),
                            frame -> complete(call, frame),
                            call::fail);
            pending.put(number, outgoing);
            call.expireAfter(options.timeout(), deadlines);
            call.future().whenComplete((reply, failure) -> pending.remove(number));
            sendFirst(outgoing);
        }
        return call.future();
    }

    @Override
    public <O extends Operation<?>> Registration serve(Contract<O> contract, Handler<O> handler) {
        var address = contract.address();
        var contender = new ServedContract<>(contract, handler);
        var former = served.put(address, contender);
        try {
            control(SessionFrames.register(address, numbers.next()));
        } catch (FaultException e) {
            if (former == null) {
                served.remove(address, contender);
            } else {
                served.replace(address, contender, former);
            }
            throw e;
        }
        return () -> {
            if (served.get(address) == contender && !closed) {
                control(SessionFrames.unregister(address, numbers.next()));
                served.remove(address, contender);
            }
        };
    }

    @Override
    public void publish(String topic, ObjectNode body) {
        Topics.check(topic);
        if (closed) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "the bus is closed");
        }
        try {
            var bytes = Json.mapper().writeValueAsBytes(body);
            var frame = new Frame(Frame.PUBLISH, topic, "", Map.of(), bytes);
            synchronized (link) {
                if (connection != null) {
                    send(frame);
                } else if (unsentEvents.size() < MOST_UNSENT_EVENTS) {
                    unsentEvents.add(frame);
                } else {
                    throw FaultException.of(
                            FaultCode.UNAVAILABLE,
                            "no connection to the bus, and %d events wait for one",
                            MOST_UNSENT_EVENTS);
                }
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("an event cannot be written as JSON", e);
        }
    }

    @Override
    public Registration subscribe(String pattern, Consumer<Event> subscriber) {
        Topics.checkPattern(pattern);
        var subscription = new QueuedSubscription(pattern, subscriber, this::unsubscribe);
        subscriptions.add(subscription);
        try {
            control(SessionFrames.register(pattern, numbers.next()));
        } catch (FaultException e) {
            subscriptions.remove(subscription);
            subscription.close();
            throw e;
        }
        return subscription;
    }

    private void unsubscribe(QueuedSubscription subscription) {
        var pattern = subscription.pattern();
        if (subscriptions.remove(subscription)
                && !closed
                && subscriptions.stream().noneMatch(s -> s.pattern().equals(pattern))) {
            control(SessionFrames.unregister(pattern, numbers.next()));
        }
    }

    /** Gives every address up, and waits for the handlers that run. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        for (var address : served.keySet()) {
            try {
                control(SessionFrames.unregister(address, numbers.next()));
            } catch (FaultException e) {
                LOG.log(System.Logger.Level.WARNING, "giving up {0}: {1}", address, e.getMessage());
            }
        }
        if (!atWork.awaitIdle(DRAIN)) {
            LOG.log(System.Logger.Level.WARNING, "handlers still run after {0}", DRAIN);
        }
        subscriptions.forEach(QueuedSubscription::close);
        abandoned("the bus is closed");
        deadlines.close();
    }

    /** Sends a register or unregister and waits until the broker has acknowledged it. */
    private void control(Frame frame) {
        var done = new CompletableFuture<Void>();
        var outgoing =
                new Outgoing(
                        frame,
                        System.nanoTime() + SessionFrames.CONTROL_TIMEOUT.toNanos(),
                        true,
                        answer -> SessionFrames.acknowledge(done, answer),
                        fault -> done.completeExceptionally(new FaultException(fault)));
        pending.put(frame.replyAddress(), outgoing);
        try {
            sendFirst(outgoing);
            SessionFrames.await(done, frame);
        } finally {
            pending.remove(frame.replyAddress());
        }
    }

    private static void complete(PendingCall<?> call, Frame frame) {
        if (frame.isFault()) {
            call.fail(SessionFrames.fault(frame));
        } else {
            call.succeed(frame.body());
        }
    }

    private void sendFirst(Outgoing call) {
        synchronized (link) {
            if (connection != null) {
                send(call.begin());
            }
        }
    }

    private void resend(Outgoing call) {
        if (call.maySend()) {
            send(call.begin());
        }
    }

    private void send(Frame frame) {
        var bytes = FrameWriter.write(frame);
        synchronized (link) {
            if (connection != null) {
                connection.send(bytes);
            }
        }
    }
}
