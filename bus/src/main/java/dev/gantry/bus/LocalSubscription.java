package dev.gantry.bus;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** A subscriber with its own thread: events come one at a time and in order. */
final class LocalSubscription implements Registration {
    private static final System.Logger LOG = System.getLogger("dev.gantry.bus");
    // A subscriber that lags this far behind holds its publishers up.
    private static final int MOST_QUEUED = 65_536;

    private final String pattern;
    private final Consumer<Event> subscriber;
    private final Consumer<LocalSubscription> onClose;
    private final BlockingQueue<Event> queue = new LinkedBlockingQueue<>(MOST_QUEUED);
    private final Thread thread;
    private volatile boolean closed;

    LocalSubscription(
            String pattern, Consumer<Event> subscriber, Consumer<LocalSubscription> onClose) {
        this.pattern = pattern;
        this.subscriber = subscriber;
        this.onClose = onClose;
        this.thread = Thread.ofVirtual().name("events " + pattern).start(this::deliver);
    }

    void offer(Event event) {
        if (closed || !Topics.matches(pattern, event.topic())) {
            return;
        }
        try {
            queue.put(event);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed = true;
        onClose.accept(this);
        if (Thread.currentThread() != thread) {
            thread.interrupt();
        }
    }

    private void deliver() {
        while (!closed) {
            try {
                Subscribers.deliver(subscriber, queue.take(), LOG);
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
