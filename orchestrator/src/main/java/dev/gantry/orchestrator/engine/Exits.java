package dev.gantry.orchestrator.engine;

import dev.gantry.bus.Event;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.model.Ending;
import dev.gantry.orchestrator.model.Signals;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Learns how containers end, and sees to what follows from it. */
final class Exits {
    private static final System.Logger LOG = System.getLogger(Exits.class.getName());
    private static final Duration TURN = Duration.ofMinutes(2);
    private static final Duration RELEASE = Duration.ofSeconds(10);
    private static final Duration NUMBERS = Duration.ofSeconds(1);

    private static final Duration DRAIN = Duration.ofSeconds(3);

    private final Parts parts;
    private final Release release;
    private final Phaser underWay = new Phaser(1);

    Exits(Parts parts, Release release) {
        this.parts = parts;
        this.release = release;
    }

    /** namespace-svc told that an init ended. Does not block the one who tells. */
    void heard(Event event) {
        var body = event.body();
        var ending =
                new Ending(
                        body.path("code").asInt(),
                        body.path("signal").asInt(),
                        body.path("timeNanos").asLong(),
                        false,
                        body.path("reason").asText(""));
        parts.containers()
                .byId(body.path("id").asText())
                .ifPresent(container -> begin(container, body.path("pid").asLong(), ending));
    }

    private void begin(Container container, long pid, Ending ending) {
        underWay.register();
        Thread.startVirtualThread(
                () -> {
                    try {
                        handle(container, pid, ending);
                    } finally {
                        underWay.arriveAndDeregister();
                    }
                });
    }

    /** Waits, for a moment, until what follows from the ends heard so far has been done. */
    void drain() {
        try {
            underWay.awaitAdvanceInterruptibly(
                    underWay.arriveAndDeregister(), DRAIN.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException later) {
            // The records say how far it is; the next run goes on from there.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** cgroup-svc told that the kernel killed a process for memory. */
    void heardMemoryKill(Event event) {
        var body = event.body();
        parts.containers()
                .byId(body.path("id").asText())
                .ifPresent(
                        container -> {
                            container.killedForMemory();
                            parts.happenings()
                                    .tell(
                                            "oom",
                                            container.record(),
                                            facts ->
                                                    facts.put(
                                                            "limitBytes",
                                                            body.path("limitBytes").asLong()));
                        });
    }

    private void handle(Container container, long pid, Ending ending) {
        try {
            handle(container, pid, ending, Caller.within(TURN));
        } catch (FaultException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "after the end of {0}: {1} (it is tried again)",
                    container.record().shortId(),
                    e.fault().message());
        }
    }

    /**
     * The container's init ended.
     *
     * @param pid which init, to tell a late message of an earlier run; 0 if unknown
     */
    void handle(Container container, long pid, Ending ending, Caller caller) {
        container.inTurn(
                caller,
                "its exit",
                () -> {
                    if (container.record().state() instanceof Live live
                            && (pid == 0 || live.pid() == pid)) {
                        stopped(container, live, ending);
                    }
                    return null;
                });
    }

    private void stopped(Container container, Live live, Ending plain) {
        var ending = explained(container, plain);
        var stopped = live.exited(ending);
        container.save(container.record().with(stopped));
        parts.happenings()
                .tell(
                        "died",
                        container.record(),
                        facts -> {
                            facts.put("exitCode", ending.code());
                            facts.put("signal", ending.signal());
                            facts.put("oomKilled", ending.oomKilled());
                            facts.put("reason", ending.reason());
                        });
        settle(container, stopped);
    }

    /** Gives back what a stopped container holds, or removes it where that was asked for. */
    void settle(Container container, Stopped stopped) {
        try {
            if (container.record().spec().autoRemove()) {
                release.removed(container, Caller.within(RELEASE));
            } else if (!stopped.released()) {
                release.stopped(container, stopped, Caller.within(RELEASE));
            }
        } finally {
            // Also when something could not be given back: it is retried, nobody waits for it.
            container.end().complete(stopped.ending());
        }
    }

    private Ending explained(Container container, Ending ending) {
        if (ending.signal() != Signals.KILL && !container.wasKilledForMemory()) {
            return ending;
        }
        var usage = usage(container.id());
        boolean killed =
                container.wasKilledForMemory()
                        || usage.flatMap(Usage::oomKills).map(kills -> kills > 0).orElse(false);
        if (!killed) {
            return ending;
        }
        var limit = usage.flatMap(Usage::memoryLimitBytes);
        var reason =
                "the kernel killed a process for memory: limit "
                        + Sizes.words(limit, limit)
                        + ", peak "
                        + Sizes.words(usage.flatMap(Usage::memoryPeakBytes), limit);
        return new Ending(ending.code(), ending.signal(), ending.timeNanos(), true, reason);
    }

    private Optional<Usage> usage(String id) {
        try {
            return Optional.of(
                    Services.await(
                            parts.services()
                                    .cgroup(
                                            new CgroupOperation.Stats(id),
                                            Caller.within(NUMBERS))));
        } catch (FaultException unknown) {
            // The numbers only explain; without them the end is still an end.
            return Optional.empty();
        }
    }
}
