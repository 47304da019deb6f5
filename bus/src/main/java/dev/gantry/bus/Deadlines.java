package dev.gantry.bus;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * What is to happen at its time unless it is called off before, as nearly all of it is: a call is
 * answered long before its deadline. So setting and calling off wake no thread, and the thread that
 * watches sleeps until the earliest time that it knew of when it last looked.
 */
final class Deadlines implements AutoCloseable {
    private static final long NEVER = Long.MAX_VALUE;

    /** Something to do at a time of {@link System#nanoTime}. */
    private record Entry(long at, Runnable expired) {}

    private final Set<Entry> entries = ConcurrentHashMap.newKeySet();
    private final long origin = System.nanoTime();
    private final Object changed = new Object();
    // Nanoseconds since the origin; guarded by changed.
    private long wakesAt = NEVER;
    private Thread watcher;
    private volatile boolean closed;

    /** Calls a deadline off. */
    @FunctionalInterface
    interface Deadline {
        void cancel();
    }

    /** Does something after a time, unless the deadline is called off. */
    Deadline after(Duration time, Runnable expired) {
        var entry = new Entry(now() + time.toNanos(), expired);
        entries.add(entry);
        wakeBy(entry.at());
        return () -> entries.remove(entry);
    }

    private long now() {
        return System.nanoTime() - origin;
    }

    private void wakeBy(long at) {
        synchronized (changed) {
            if (at < wakesAt && !closed) {
                wakesAt = at;
                if (watcher == null) {
                    watcher = Thread.ofPlatform().daemon().name("bus-deadlines").start(this::watch);
                } else {
                    LockSupport.unpark(watcher);
                }
            }
        }
    }

    private void watch() {
        while (!closed || !entries.isEmpty()) {
            synchronized (changed) {
                wakesAt = NEVER; // whatever is set from here on wakes this thread
            }
            long next = endThoseOver();
            synchronized (changed) {
                wakesAt = Math.min(wakesAt, next);
                next = wakesAt;
            }
            if (next == NEVER) {
                LockSupport.park(this);
            } else {
                LockSupport.parkNanos(this, Math.max(1, next - now()));
            }
        }
    }

    /** Returns when the next one is over. */
    private long endThoseOver() {
        long next = NEVER;
        long now = now();
        for (var entry : entries) {
            if (entry.at() > now) {
                next = Math.min(next, entry.at());
            } else if (entries.remove(entry)) {
                entry.expired().run();
            }
        }
        return next;
    }

    /** No thread is left once everything that was set has happened or been called off. */
    @Override
    public void close() {
        closed = true;
        synchronized (changed) {
            LockSupport.unpark(watcher);
        }
    }
}
