package dev.gantry.bus;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** An address of a {@link LocalBus}: its owner, and what waits while it has none. */
final class LocalAddress {
    private static final int MOST_WAITING = 1024;

    private final Peer peer;
    private final AtWork atWork;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private ServedContract<?> owner;

    LocalAddress(Peer peer, AtWork atWork) {
        this.peer = peer;
        this.atWork = atWork;
    }

    /** A request; it is answered at most once, and not begun when its caller has gone. */
    record Waiting(
            byte[] body,
            Instant deadline,
            String traceparent,
            Consumer<ServedContract.Answer> answer,
            BooleanSupplier abandoned) {}

    /** Begins the request or lets it wait for an owner; false when too many wait. */
    synchronized boolean submit(Waiting request) {
        if (owner != null) {
            begin(owner, request);
            return true;
        }
        waiting.removeIf(other -> other.abandoned().getAsBoolean());
        return waiting.size() < MOST_WAITING && waiting.add(request);
    }

    /** Makes this the owner; a former owner goes on with what it has begun. */
    synchronized Registration own(ServedContract<?> successor) {
        owner = successor;
        while (!waiting.isEmpty()) {
            begin(successor, waiting.poll());
        }
        return () -> release(successor);
    }

    synchronized void close() {
        owner = null;
    }

    private synchronized void release(ServedContract<?> former) {
        if (owner == former) {
            owner = null;
        }
    }

    private void begin(ServedContract<?> served, Waiting request) {
        if (request.abandoned().getAsBoolean()) {
            return;
        }
        Thread.ofVirtual()
                .name(served.address())
                .start(() -> atWork.run(() -> answer(served, request)));
    }

    private void answer(ServedContract<?> served, Waiting request) {
        request.answer()
                .accept(
                        served.answer(
                                request.body(), peer, request.deadline(), request.traceparent()));
    }
}
