package dev.gantry.storage.content;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Joining;

/**
 * Syncs again and again while an image is being unpacked: the disk writes while the processors
 * work, and little is left to wait for at the end. A small image is done before it begins.
 */
final class EarlySync {
    private static final long FIRST_MILLIS = 300;

    /**
     * A pull may take minutes: others' files on the same disk are not to be written all the time.
     */
    private static final long MOST_MILLIS = 5_000;

    private final Thread thread;

    /** Begins. */
    EarlySync(StoreSync sync) {
        this.thread = Thread.ofPlatform().daemon().name("early-sync").start(() -> run(sync));
    }

    private static void run(StoreSync sync) {
        try {
            for (long pause = FIRST_MILLIS; ; pause = Math.min(2 * pause, MOST_MILLIS)) {
                Thread.sleep(pause);
                sync.run();
            }
        } catch (InterruptedException e) {
            // All is unpacked: who began this syncs once more.
        } catch (FaultException e) {
            // The last sync will fail with the same.
        }
    }

    /** Ends, after the sync that is under way. */
    void end() {
        thread.interrupt();
        Joining.join(thread);
    }
}
