package dev.gantry.bus;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The bus inside one process, for {@code --embedded} and for tests. Messages pass through JSON both
 * ways and handlers run on virtual threads, as they do behind a socket.
 */
public final class LocalBus implements Bus {
    private static final Duration DRAIN = Duration.ofSeconds(10);

    private final Peer peer;
    private final Map<String, LocalAddress> addresses = new ConcurrentHashMap<>();
    private final List<QueuedSubscription> subscriptions = new CopyOnWriteArrayList<>();
    private final Deadlines deadlines = new Deadlines();
    private final AtWork atWork = new AtWork();
    private volatile boolean closed;

    /** A bus whose messages all come from {@link Peer#embedded}. */
    public LocalBus() {
        this(Peer.embedded());
    }

    /** A bus whose messages all come from the given peer, for tests. */
    public LocalBus(Peer peer) {
        this.peer = peer;
    }

    @Override
    public <O extends Operation<?>, R> CompletableFuture<Reply<R>> call(
            Contract<O> contract, Operation<R> operation, CallOptions options) {
        var pending = new PendingCall<>(contract, operation);
        if (closed) {
            pending.fail(FaultCode.UNAVAILABLE, "the bus is closed");
            return pending.future();
        }
        var body = OperationCodec.encode(contract, operation);
        pending.expireAfter(options.timeout(), deadlines);
        var request =
                new LocalAddress.Waiting(
                        body,
                        Instant.now().plus(options.timeout()),
                        TraceParent.orNew(options.traceparent()),
                        answer -> complete(pending, answer),
                        pending::isDone);
        if (!address(contract.address()).submit(request)) {
            pending.fail(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "too many requests wait for an owner of " + contract.address());
        }
        return pending.future();
    }

    @Override
    public <O extends Operation<?>> Registration serve(Contract<O> contract, Handler<O> handler) {
        requireOpen();
        return address(contract.address()).own(new ServedContract<>(contract, handler));
    }

    @Override
    public void publish(String topic, ObjectNode body) {
        requireOpen();
        Topics.check(topic);
        for (var subscription : subscriptions) {
            subscription.offer(new Event(topic, body.deepCopy(), peer));
        }
    }

    @Override
    public Registration subscribe(String pattern, Consumer<Event> subscriber) {
        requireOpen();
        Topics.checkPattern(pattern);
        var subscription = new QueuedSubscription(pattern, subscriber, subscriptions::remove);
        subscriptions.add(subscription);
        return subscription;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        addresses.values().forEach(LocalAddress::close);
        if (!atWork.awaitIdle(DRAIN)) {
            System.getLogger("dev.gantry.bus")
                    .log(System.Logger.Level.WARNING, "handlers still run after {0}", DRAIN);
        }
        subscriptions.forEach(QueuedSubscription::close);
        // Those that are set still answer their callers.
        deadlines.close();
    }

    private LocalAddress address(String name) {
        return addresses.computeIfAbsent(name, key -> new LocalAddress(peer, atWork));
    }

    private void requireOpen() {
        if (closed) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "the bus is closed");
        }
    }

    private static void complete(PendingCall<?> pending, ServedContract.Answer answer) {
        answer.fault()
                .ifPresentOrElse(
                        fault -> pending.fail(OperationCodec.decodeFault(answer.body())),
                        () -> pending.succeed(answer.body()));
    }
}
