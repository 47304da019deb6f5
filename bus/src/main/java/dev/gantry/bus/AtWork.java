package dev.gantry.bus;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Counts handlers that run, so that a bus can wait for them before it goes. */
final class AtWork {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private int count;

    void run(Runnable task) {
        add(1);
        try {
            task.run();
        } finally {
            add(-1);
        }
    }

    /** Whether nothing ran any more before the time was over. */
    boolean awaitIdle(Duration patience) {
        lock.lock();
        try {
            var left = patience.toNanos();
            while (count > 0 && left > 0) {
                left = idle.awaitNanos(left);
            }
            return count == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void add(int change) {
        lock.lock();
        try {
            count += change;
            if (count == 0) {
                idle.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }
}
