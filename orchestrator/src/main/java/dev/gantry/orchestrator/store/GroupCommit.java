package dev.gantry.orchestrator.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Syncs files of one directory in groups: whatever is asked for while one sync is under way is done
 * by the next, together. So a burst of containers costs a few fsyncs and not one each.
 */
final class GroupCommit implements AutoCloseable {
    private final Path directory;
    private final Thread thread;
    private Set<Path> waiting = new LinkedHashSet<>();
    private CompletableFuture<Void> next = new CompletableFuture<>();
    private boolean closed;

    GroupCommit(Path directory) {
        this.directory = directory;
        this.thread = Thread.ofPlatform().name("record-sync").daemon().start(this::run);
    }

    /** Completes when the file as it is now, and its name, are on disk. */
    synchronized CompletableFuture<Void> commit(Path file) {
        if (closed) {
            return CompletableFuture.failedFuture(new IOException("the record store is closed"));
        }
        waiting.add(file);
        notifyAll();
        return next;
    }

    private void run() {
        while (true) {
            Set<Path> group;
            CompletableFuture<Void> done;
            synchronized (this) {
                while (waiting.isEmpty() && !closed) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        closed = true;
                    }
                }
                if (waiting.isEmpty()) {
                    return;
                }
                group = waiting;
                done = next;
                waiting = new LinkedHashSet<>();
                next = new CompletableFuture<>();
            }
            try {
                for (var file : group) {
                    sync(file);
                }
                sync(directory);
                done.complete(null);
            } catch (IOException e) {
                done.completeExceptionally(new UncheckedIOException(e));
            }
        }
    }

    private static void sync(Path path) throws IOException {
        // FileChannel opens a directory for reading too, and fsync(2) of it makes its names
        // durable.
        try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (NoSuchFileException gone) {
            // Replaced or removed meanwhile: the sync of the directory covers that.
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
