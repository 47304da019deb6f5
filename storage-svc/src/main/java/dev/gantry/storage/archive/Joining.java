package dev.gantry.storage.archive;

/** Waits that are not given up. */
public final class Joining {
    private Joining() {}

    /** Returns when a thread has ended; an interrupt meanwhile is the caller's to see. */
    public static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
