package dev.gantry.bus;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/** A subscriber with its own thread: events come one at a time and in order. */
final class QueuedSubscription implements Registration {
    /** Told to subscribers where events may be missing before the next one. */
    static final String GAP = "events.bus.gap";

    private static final System.Logger LOG = System.getLogger("dev.gantry.bus");
    private static final int MOST_QUEUED = 65_536;

    private final String pattern;
    private final Consumer<Event> subscriber;
    private final Consumer<QueuedSubscription> onClose;
    private final BlockingQueue<Event> queue = new LinkedBlockingQueue<>(MOST_QUEUED);
    private final Thread thread;
    private volatile boolean closed;

    QueuedSubscription(
            String pattern, Consumer<Event> subscriber, Consumer<QueuedSubscription> onClose) {
        this.pattern = pattern;
        this.subscriber = subscriber;
        this.onClose = onClose;
        this.thread = Thread.ofVirtual().name("events " + pattern).start(this::deliver);
    }

    String pattern() {
        return pattern;
    }

    /** Queues an event that the pattern matches. A subscriber too slow for its queue gets a gap. */
    void offer(Event event) {
        if (closed || !Topics.matches(pattern, event.topic()) || queue.offer(event)) {
            return;
        }
        LOG.log(System.Logger.Level.WARNING, "a subscriber of {0} lost events", pattern);
        queue.clear();
        gap(event.sender());
        queue.offer(event);
    }

    /** Says that events may be missing, where the pattern lets it. */
    void gap(Peer sender) {
        if (Topics.matches(pattern, GAP)) {
            var body =
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("id", "bus")
                            .put("timeNanos", System.currentTimeMillis() * 1_000_000L);
            queue.offer(new Event(GAP, body, sender));
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (Thread.currentThread() != thread) {
            thread.interrupt();
        }
        onClose.accept(this);
    }

    private void deliver() {
        while (!closed) {
            try {
                deliver(queue.take());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** A subscriber that throws has a defect, and still gets the next event. */
    private void deliver(Event event) {
        try {
            subscriber.accept(event);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            LOG.log(System.Logger.Level.ERROR, "a subscriber failed on " + event.topic(), e);
        }
    }
}
