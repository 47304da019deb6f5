package dev.gantry.storage.content;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;

/**
 * Keeps {@link Sweep} off what an import or a pull has brought, or has found to be there already,
 * and that no image names yet. What is touched while a lease is open stays at least until that
 * lease is closed; everything else may be swept meanwhile.
 */
public final class Leases {
    private final ReadWriteLock sweeping = new ReentrantReadWriteLock();

    /** The number of the newest lease when a path was touched last. */
    private final Map<Path, Long> kept = new ConcurrentHashMap<>();

    private final NavigableSet<Long> open = new TreeSet<>();
    private long last;

    Leases() {}

    /** Ends with {@link #close}; closing it twice is no error. */
    public interface Lease extends AutoCloseable {
        @Override
        void close();
    }

    /** From now on what is put into the store, or found in it, stays. */
    Lease open() {
        synchronized (open) {
            long number = ++last;
            open.add(number);
            return () -> close(number);
        }
    }

    /** The number of the newest lease that there was. */
    long newest() {
        synchronized (open) {
            return last;
        }
    }

    /** The number of the oldest lease that is open; more than any if there is none. */
    long oldest() {
        synchronized (open) {
            return open.isEmpty() ? Long.MAX_VALUE : open.first();
        }
    }

    private void close(long number) {
        synchronized (open) {
            open.remove(number);
        }
    }

    /** Keeps a blob or a layer by its path: to be called before it is looked for or named. */
    void keep(Path path) {
        sweeping.readLock().lock();
        try {
            synchronized (open) {
                if (open.isEmpty()) {
                    throw new IllegalStateException(path + ": touched without a lease");
                }
                kept.put(path, last);
            }
        } finally {
            sweeping.readLock().unlock();
        }
    }

    /**
     * Sweeps: first forgets what closed leases have kept, then asks what images need, and then,
     * with nobody touching anything, hands over what is kept besides. A lease that is closed
     * between the two still counts, for its image may be missing in the answer.
     */
    synchronized void sweep(Runnable mark, Consumer<Set<Path>> collect) {
        forget();
        mark.run();
        sweeping.writeLock().lock();
        try {
            collect.accept(new HashSet<>(kept.keySet()));
        } finally {
            sweeping.writeLock().unlock();
        }
    }

    private void forget() {
        synchronized (open) {
            long oldest = oldest();
            kept.values().removeIf(number -> number < oldest);
        }
    }
}
