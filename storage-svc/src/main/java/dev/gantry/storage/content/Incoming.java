package dev.gantry.storage.content;

import dev.gantry.storage.archive.Joining;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Brings blobs into the store on threads of their own, in their order, while the image that needs
 * them is unpacked behind them. Where one of them fails, the others are given up, and that is what
 * the whole failed at.
 */
public final class Incoming {
    private final ContentStore content;
    private final Carrier carrier;
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    /** Brings the bytes of a blob to where they are awaited. */
    @FunctionalInterface
    public interface Carrier {
        /**
         * Called by the one that has {@linkplain Arrival#take taken} the arrival, which may have
         * bytes already; ends with {@link Arrival#finish}. Looks at {@link #isGivenUp} now and
         * then.
         */
        void carry(Descriptor blob, Arrival arrival) throws IOException;

        /** Told while another transfer brings the same blob; throws to end the wait. */
        default void wait(Descriptor blob, Arrival arrival) {}

        /** Told when a blob is whole. */
        default void arrived(Descriptor blob) {}
    }

    /** Into a store. */
    public Incoming(ContentStore content, Carrier carrier) {
        this.content = content;
        this.carrier = carrier;
    }

    /** Whether another blob has failed. */
    public boolean isGivenUp() {
        return failure.get() != null;
    }

    private record Wanted(Descriptor blob, Arrival arrival) {}

    /**
     * Brings what is missing of these, and does the work meanwhile.
     *
     * @param atATime how many blobs come at the same time
     */
    public <T> T during(List<Descriptor> blobs, int atATime, Images.Work<T> work)
            throws IOException {
        var missing = new LinkedHashMap<String, Wanted>();
        for (var blob : blobs) {
            if (!missing.containsKey(blob.digest()) && !content.has(blob)) {
                missing.put(blob.digest(), new Wanted(blob, content.arrive(blob)));
            }
        }
        Queue<Wanted> queue = new ConcurrentLinkedQueue<>(missing.values());
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < Math.min(atATime, missing.size()); i++) {
            threads.add(Thread.ofPlatform().daemon().name("incoming").start(() -> bring(queue)));
        }
        try {
            return work.run();
        } catch (IOException | RuntimeException e) {
            failure.compareAndSet(null, e);
            throw first(e);
        } finally {
            threads.forEach(Joining::join);
        }
    }

    /** Brings one blob. */
    public void bring(Descriptor blob) throws IOException {
        during(List.of(blob), 1, () -> null);
        if (failure.get() != null) {
            throw first(failure.get());
        }
    }

    private void bring(Queue<Wanted> queue) {
        for (var next = queue.poll(); next != null; next = queue.poll()) {
            try (var arrival = next.arrival()) {
                bring(next.blob(), arrival);
            } catch (IOException | RuntimeException e) {
                failure.compareAndSet(null, e);
            }
        }
    }

    /** Carries it, or waits for another transfer that does, and goes on where that one gives up. */
    private void bring(Descriptor blob, Arrival arrival) throws IOException {
        while (!arrival.isWhole()) {
            if (isGivenUp()) {
                return;
            }
            if (arrival.take()) {
                try {
                    carrier.carry(blob, arrival);
                } finally {
                    arrival.letGo();
                }
            } else {
                arrival.await(this::isGivenUp);
                carrier.wait(blob, arrival);
            }
        }
        carrier.arrived(blob);
    }

    private IOException first(Exception otherwise) throws IOException {
        var first = failure.get() == null ? otherwise : failure.get();
        if (first instanceof RuntimeException e) {
            throw e;
        }
        return first instanceof IOException e ? e : new IOException(first);
    }
}
