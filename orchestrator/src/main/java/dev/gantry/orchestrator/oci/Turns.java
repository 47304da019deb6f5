package dev.gantry.orchestrator.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;

/** Whose turn it is with a directory among the commands of this process. */
final class Turns {
    private static final Map<Object, Turns> BY_DIRECTORY = new HashMap<>();

    private final Semaphore free = new Semaphore(1);
    private int interested;

    private Turns() {}

    /** Waits for its turn, uninterrupted: whoever has it holds it for one command. */
    static Turn take(Path directory) throws IOException {
        var key = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
        Turns turns;
        synchronized (BY_DIRECTORY) {
            turns = BY_DIRECTORY.computeIfAbsent(key, absent -> new Turns());
            turns.interested++;
        }
        turns.free.acquireUninterruptibly();
        return new Turn(key, turns);
    }

    /** A turn that is had; closing it passes it on. */
    static final class Turn implements AutoCloseable {
        private final Object key;
        private final Turns turns;

        private Turn(Object key, Turns turns) {
            this.key = key;
            this.turns = turns;
        }

        @Override
        public void close() {
            turns.free.release();
            synchronized (BY_DIRECTORY) {
                turns.interested--;
                if (turns.interested == 0) {
                    BY_DIRECTORY.remove(key);
                }
            }
        }
    }
}
