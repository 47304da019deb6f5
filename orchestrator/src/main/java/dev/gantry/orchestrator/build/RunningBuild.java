package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.container.BuildResult.Lines;
import dev.gantry.bus.contract.container.BuildSpec;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.engine.ContainerEngine;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A build that goes on, or has ended and is still asked after. */
final class RunningBuild {
    private static final long FORGOTTEN_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final String id;
    private final BuildSpec spec;
    private final ContainerEngine engine;
    private final Progress progress = new Progress();
    private final Set<String> containers = ConcurrentHashMap.newKeySet();
    private final AtomicInteger names = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile boolean cancelled;
    private volatile long askedNanos = System.nanoTime();
    private volatile Outcome outcome = new Outcome("", "", Optional.empty());

    private record Outcome(String image, String digest, Optional<Fault> failure) {}

    RunningBuild(String id, BuildSpec spec, ContainerEngine engine) {
        this.id = id;
        this.spec = spec;
        this.engine = engine;
    }

    String id() {
        return id;
    }

    BuildSpec spec() {
        return spec;
    }

    Progress progress() {
        return progress;
    }

    /** A name that nothing else of any build has. */
    String freshName() {
        return id + "-" + names.incrementAndGet();
    }

    /** A fault if the build is to end. */
    void check() {
        if (cancelled) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "the build was cancelled");
        }
    }

    /** A container of a step runs. */
    void began(String container) {
        containers.add(container);
        if (cancelled) {
            StepContainer.kill(engine, container);
        }
    }

    void over(String container) {
        containers.remove(container);
    }

    /** Ends all that runs; the steps notice. */
    void cancel() {
        cancelled = true;
        containers.forEach(container -> StepContainer.kill(engine, container));
    }

    /** Whether nobody has asked after it for long. */
    boolean isForgotten() {
        return System.nanoTime() - askedNanos > FORGOTTEN_NANOS;
    }

    boolean hasEnded() {
        return over.getCount() == 0;
    }

    void succeeded(String image, String digest) {
        outcome = new Outcome(image, digest, Optional.empty());
    }

    void failed(Fault fault) {
        outcome = new Outcome("", "", Optional.of(fault));
    }

    /** Nothing of it runs any more. */
    void ended() {
        over.countDown();
        progress.end();
    }

    void awaitEnd() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What has happened since a line. */
    Lines after(long number, long timeoutMillis) {
        askedNanos = System.nanoTime();
        var lines = progress.after(number, timeoutMillis);
        askedNanos = System.nanoTime();
        boolean ended = progress.isLast(lines.isEmpty() ? number : lines.getLast().number());
        var now = outcome;
        return new Lines(
                lines,
                ended,
                ended ? Optional.of(now.image()).filter(i -> !i.isEmpty()) : Optional.empty(),
                ended ? Optional.of(now.digest()).filter(d -> !d.isEmpty()) : Optional.empty(),
                ended ? now.failure() : Optional.empty());
    }
}
