package dev.gantry.orchestrator.engine;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Reconciles at the start, whenever there is reason to, and every half minute. */
final class Watch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Watch.class.getName());
    private static final Duration AGAIN = Duration.ofMillis(500);
    private static final Duration PERIOD = Duration.ofSeconds(30);

    private final Reconciliation reconciliation;
    private final Parts parts;
    private final OrphanSnapshots orphans;
    private final ScheduledExecutorService timer;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final AtomicBoolean running = new AtomicBoolean();

    Watch(Reconciliation reconciliation, Parts parts) {
        this.reconciliation = reconciliation;
        this.parts = parts;
        this.orphans = new OrphanSnapshots(parts);
        var threads =
                new ScheduledThreadPoolExecutor(
                        1, Thread.ofPlatform().name("reconcile").daemon().factory());
        threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        this.timer = threads;
    }

    /** Begins; nobody needs to wait, for who would change something does so itself. */
    void start() {
        timer.execute(this::first);
        timer.scheduleWithFixedDelay(
                this::again, PERIOD.toMillis(), PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits until the records are true: before that nothing may be changed. */
    void ready(Caller caller) {
        if (!ready.isDone()) {
            Services.await(
                    ready,
                    caller.remaining(),
                    "the orchestrator waits for namespace-svc to tell what became of the"
                            + " containers");
        }
    }

    /** Something may have been missed. */
    void soon() {
        timer.execute(this::again);
    }

    private void first() {
        try {
            if (!parts.containers().all().isEmpty()) {
                reconciliation.run(true);
            } // Else there is nothing to bring together, so nobody needs to answer.
            ready.complete(null);
            again(); // For the leftovers, which nobody waits for.
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.UNAVAILABLE) {
                LOG.log(System.Logger.Level.ERROR, "reconcile: {0}", e.fault().message());
            }
            retry();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "reconcile", e);
            retry();
        }
    }

    private void retry() {
        if (!timer.isShutdown()) {
            timer.schedule(this::first, AGAIN.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void again() {
        // On a virtual thread: a slow service must not hold up the timer.
        if (ready.isDone() && running.compareAndSet(false, true)) {
            Thread.startVirtualThread(
                    () -> {
                        try {
                            parts.leftovers().retry();
                            reconciliation.run(false);
                            orphans.remove();
                        } catch (FaultException e) {
                            LOG.log(
                                    System.Logger.Level.DEBUG,
                                    "reconcile: {0}",
                                    e.fault().message());
                        } catch (RuntimeException e) {
                            LOG.log(System.Logger.Level.ERROR, "reconcile", e);
                        } finally {
                            running.set(false);
                        }
                    });
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
