package dev.gantry.cgroup;

import dev.gantry.cgroup.kernel.CgroupKernel;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/**
 * Tells when the kernel kills for memory. On v1 an eventfd registered in {@code
 * cgroup.event_control}, on v2 inotify on {@code memory.events}; one thread waits for all by epoll.
 *
 * <p>Both are hints that wake too early (v1 before the kill) and may merge; what counts is the
 * kernel's own counter {@code oom_kill}. The last count that was told is kept by an {@link
 * OomLedger}, so that kills while the service was away are told when it is back, and none twice.
 */
public final class OomWatch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(OomWatch.class.getName());
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final Duration SOON = Duration.ofMillis(5);
    private static final Duration SETTLES = Duration.ofSeconds(2);

    private final CgroupKernel kernel;
    private final OomLedger ledger;
    private final Consumer<OomEvent> listener;
    private final int epoll;
    private final int inotify;
    private final Map<Integer, Watch> byDescriptor = new ConcurrentHashMap<>();
    private final Map<String, Watch> byId = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<Recheck> rechecks = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    private record Watch(String id, OomSource source, int descriptor) {}

    private record Recheck(Watch watch, long untilNanos) {}

    /** Begins to wait; the listener is called on the waiting thread, one event at a time. */
    public OomWatch(CgroupKernel kernel, OomLedger ledger, Consumer<OomEvent> listener) {
        this.kernel = kernel;
        this.ledger = ledger;
        this.listener = listener;
        epoll = (int) kernel.epoll().orThrow("epoll_create1");
        inotify = (int) kernel.inotify().orThrow("inotify_init1");
        kernel.epollAdd(epoll, inotify).orThrow("epoll_ctl add inotify");
        Thread.ofPlatform().name("cgroup-oom").daemon().start(this::run);
    }

    /** Watches a container's group in the hierarchy that has the memory controller. */
    void watch(String id, Hierarchy memory) {
        byId.computeIfAbsent(
                id,
                _ -> {
                    var source = new OomSource(kernel, memory.path(id), memory.v2());
                    var watch = new Watch(id, source, source.arm(epoll, inotify));
                    byDescriptor.put(key(watch), watch);
                    // What happened before now: during a restart of this service.
                    rechecks.add(new Recheck(watch, System.nanoTime()));
                    return watch;
                });
    }

    /** The group is gone. */
    void unwatch(String id) {
        var watch = byId.remove(id);
        if (watch != null) {
            byDescriptor.remove(key(watch), watch);
            if (!watch.source().v2()) {
                kernel.close(watch.descriptor());
            }
        }
        ledger.forget(id);
    }

    /** Watch descriptors of inotify and file descriptors are numbers of two kinds. */
    private static int key(Watch watch) {
        return watch.source().v2() ? -watch.descriptor() : watch.descriptor();
    }

    private void run() {
        while (!closed) {
            try {
                turn();
            } catch (RuntimeException defect) {
                // One event that cannot be told must not end the telling of all others.
                LOG.log(System.Logger.Level.ERROR, "an out-of-memory event was not told", defect);
            }
        }
        byDescriptor.values().stream()
                .filter(watch -> !watch.source().v2())
                .forEach(watch -> kernel.close(watch.descriptor()));
        kernel.close(inotify);
        kernel.close(epoll);
    }

    private void turn() {
        for (int fd : kernel.epollWait(epoll, rechecks.isEmpty() ? IDLE : SOON)) {
            if (fd == inotify) {
                kernel.inotifyRead(inotify).forEach(watch -> woken(-watch));
            } else {
                kernel.readEventfd(fd);
                woken(fd);
            }
        }
        for (int i = rechecks.size(); i > 0; i--) {
            var recheck = rechecks.poll();
            if (recheck != null
                    && !told(recheck.watch())
                    && System.nanoTime() - recheck.untilNanos() < 0) {
                rechecks.add(recheck);
            }
        }
    }

    private void woken(int key) {
        var watch = byDescriptor.get(key);
        if (watch != null && !told(watch)) {
            rechecks.add(new Recheck(watch, System.nanoTime() + SETTLES.toNanos()));
        }
    }

    /** Tells if the kernel's count went up; the ledger first, so a crash repeats nothing. */
    private boolean told(Watch watch) {
        long kills = watch.source().kills();
        if (closed || byId.get(watch.id()) != watch || kills <= ledger.told(watch.id())) {
            return false;
        }
        ledger.tell(watch.id(), kills);
        long now = ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
        listener.accept(new OomEvent(watch.id(), now, watch.source().limit(), kills));
        return true;
    }

    /** Stops telling; the thread ends within a second and gives the descriptors back. */
    @Override
    public void close() {
        closed = true;
    }
}
