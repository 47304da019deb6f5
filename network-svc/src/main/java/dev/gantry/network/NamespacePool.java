package dev.gantry.network;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.kernel.NetworkKernel.Netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Network namespaces made ahead of need. To make one takes a millisecond and the kernel's
 * pernet_ops lock; to take one from here, nothing. A single thread refills.
 */
final class NamespacePool implements AutoCloseable {
    private static final long PID = ProcessHandle.current().pid();
    private final NetworkKernel kernel;
    private final Path directory;
    private final BlockingQueue<Netns> ready = new LinkedBlockingQueue<>();
    private final Semaphore wanted;
    private static final AtomicLong COUNTER = new AtomicLong();
    private final Thread refiller;
    private volatile boolean open = true;

    /**
     * Removes the pins that no record claims, and begins to fill the pool.
     *
     * @param claimed pins of attached containers
     */
    NamespacePool(NetworkKernel kernel, Path directory, int size, Set<Path> claimed) {
        this.kernel = kernel;
        this.directory = directory;
        this.wanted = new Semaphore(size);
        removeUnclaimed(claimed);
        refiller = Thread.ofPlatform().name("netns-pool").daemon().start(this::refill);
    }

    /** One that is ready, or else a new one. */
    Netns take() {
        var netns = ready.poll();
        if (netns == null) {
            return make();
        }
        wanted.release();
        return netns;
    }

    private Netns make() {
        Path pin;
        do {
            pin = directory.resolve("net-" + PID + "-" + COUNTER.incrementAndGet());
        } while (Files.exists(pin));
        return kernel.newNetns(pin);
    }

    private void refill() {
        while (open) {
            try {
                wanted.acquire();
                if (open) {
                    ready.add(make());
                }
            } catch (InterruptedException e) {
                return;
            } catch (FaultException e) {
                // take() makes its own and tells its caller what the kernel said; the pool just
                // stays smaller.
                System.err.println("network-svc: namespace pool: " + e.getMessage());
            }
        }
    }

    private void removeUnclaimed(Set<Path> claimed) {
        try {
            Files.createDirectories(directory);
            try (var pins = Files.list(directory)) {
                for (var pin : pins.toList()) {
                    if (!claimed.contains(pin) && !makerLives(pin)) {
                        kernel.unpin(pin).orThrow("umount %s", pin);
                    }
                }
            }
        } catch (IOException e) {
            throw FaultException.of(FaultCode.INTERNAL, "read %s: %s", directory, e.getMessage());
        }
    }

    /**
     * Whether the process that made it is another one that is still there: a predecessor that is
     * being relieved clears up after itself.
     */
    private static boolean makerLives(Path pin) {
        var parts = pin.getFileName().toString().split("-");
        return parts.length == 3
                && parts[1].matches("[0-9]{1,10}")
                && Long.parseLong(parts[1]) != PID
                && ProcessHandle.of(Long.parseLong(parts[1])).isPresent();
    }

    /** Lets go of the namespaces that nobody has taken. */
    @Override
    public void close() {
        open = false;
        wanted.release();
        try {
            refiller.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (var netns = ready.poll(); netns != null; netns = ready.poll()) {
            kernel.release(netns);
            kernel.unpin(netns.pin());
        }
    }
}
