package dev.gantry.storage.content;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;
import dev.gantry.storage.kernel.TreeRemoval;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Where trees go that nobody may see any more. Removing is a rename; the deleting follows in the
 * background, and after a restart it goes on.
 */
public final class Trash implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Trash.class.getName());

    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Directory trash;
    private final LinkedBlockingQueue<String> queue = new LinkedBlockingQueue<>();
    private final AtomicLong counter = new AtomicLong(System.nanoTime());
    private final Thread thread;

    /** Over a directory; what is in it from before is deleted. */
    public Trash(StorageKernel kernel, Path path) {
        trash = Directory.open(kernel, path);
        queue.addAll(trash.names());
        thread = Thread.ofPlatform().daemon().name("storage-trash").start(this::run);
    }

    /** Takes a name out of a directory; whether it was there. */
    public boolean discard(Directory from, String name) {
        var into = name + "." + Long.toHexString(counter.incrementAndGet());
        var renamed =
                from.kernel()
                        .renameat2(
                                from.fd(), name, trash.fd(), into, StorageKernel.RENAME_NOREPLACE);
        if (renamed.errno() == Errno.ENOENT) {
            return false;
        }
        renamed.orThrow("renameat2 %s to %s", from.at(name), trash.at(into));
        queue.add(into);
        return true;
    }

    private void run() {
        try {
            while (true) {
                var name = queue.take();
                try {
                    TreeRemoval.remove(trash, name);
                } catch (FaultException e) {
                    LOG.log(
                            System.Logger.Level.ERROR,
                            "trash keeps {0}: {1}",
                            name,
                            e.getMessage());
                }
            }
        } catch (InterruptedException e) {
            // What is left is taken up at the next start.
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            // A large tree may take long: its descriptors then end with the process.
            if (thread.join(PATIENCE)) {
                trash.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
