package dev.gantry.storage.content;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Tells how the last run ended, by the file {@code running}: it is there while the store is open
 * and holds the kernel's boot id (random(4)). A process that was killed leaves it, but what it
 * wrote the kernel still has; with the boot id of another boot, the machine went down with the
 * store open, and what lies on the disk is looked at again before it is used.
 */
public final class StopMark implements AutoCloseable {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Path file;
    private final String mine;
    private final Last last;

    /** How a run ended. */
    public enum Last {
        CLEAN,
        KILLED,
        POWER_LOSS
    }

    private StopMark(Path file, String mine, Last last) {
        this.file = file;
        this.mine = mine;
        this.last = last;
    }

    /** Reads the mark of the last run and sets that of this one, durably. */
    public static StopMark set(StoreFiles files) {
        var file = files.root().resolve("running");
        try {
            var boot = Files.readString(BOOT_ID).strip();
            var mine = boot + " " + ProcessHandle.current().pid() + " " + System.nanoTime();
            var last = last(file, boot);
            files.replace(file, mine.getBytes(StandardCharsets.US_ASCII));
            return new StopMark(file, mine, last);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Last last(Path file, String boot) throws IOException {
        try {
            // Bytes, for a power loss may leave any.
            var mark = Files.readAllBytes(file);
            return new String(mark, StandardCharsets.ISO_8859_1).startsWith(boot + " ")
                    ? Last.KILLED
                    : Last.POWER_LOSS;
        } catch (NoSuchFileException e) {
            return Last.CLEAN;
        }
    }

    /** How the run before this one ended. */
    public Last last() {
        return last;
    }

    /** The store is closed; a successor that has set its own mark meanwhile keeps it. */
    @Override
    public void close() {
        try {
            if (Files.readString(file, StandardCharsets.ISO_8859_1).equals(mine)) {
                Files.delete(file);
                StoreFiles.sync(file.getParent());
            }
        } catch (NoSuchFileException e) {
            // Somebody removed the whole store.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
