package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.model.ContainerState;
import dev.gantry.orchestrator.model.ContainerState.Created;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.model.ContainerState.Removing;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.model.Ending;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Brings the records and what namespace-svc knows together: after a restart of the orchestrator,
 * after a gap in the events, and every half minute in case one was missed.
 */
final class Reconciliation {
    private static final System.Logger LOG = System.getLogger(Reconciliation.class.getName());
    private static final Duration ASK = Duration.ofSeconds(5);
    private static final Duration EACH = Duration.ofSeconds(15);
    private static final int KILLED = 137;

    private final Parts parts;
    private final LifeCycle lifeCycle;
    private final Release release;
    private final Exits exits;

    Reconciliation(Parts parts, LifeCycle lifeCycle, Release release, Exits exits) {
        this.parts = parts;
        this.lifeCycle = lifeCycle;
        this.release = release;
        this.exits = exits;
    }

    /**
     * Looks at every container once; throws the fault of namespace-svc if it does not answer.
     *
     * @param atStart whether nothing is under way yet, so that whatever is being made was abandoned
     *     by an earlier orchestrator
     */
    void run(boolean atStart) {
        // What the containers are first, the list second: one that is made or started again in
        // between is not in the list as it is now, and must not be taken for dead.
        var before = new LinkedHashMap<Container, ContainerState>();
        parts.containers().all().forEach(c -> before.put(c, c.record().state()));
        var states =
                Services.await(
                                parts.services()
                                        .namespace(
                                                new NamespaceOperation.ListAll(),
                                                Caller.within(ASK)))
                        .states()
                        .stream()
                        .collect(Collectors.toMap(NamespaceResult.State::id, state -> state));
        before.forEach(
                (container, seen) -> {
                    if (atStart || !(seen instanceof Creating)) {
                        reconcile(container, seen, states);
                    }
                });
    }

    private void reconcile(
            Container container, ContainerState seen, Map<String, NamespaceResult.State> states) {
        try {
            switch (seen) {
                case Creating creating -> abandoned(container);
                case Live live ->
                        live(container, live, Optional.ofNullable(states.get(container.id())));
                case Stopped stopped -> {
                    if (!stopped.released() || container.record().spec().autoRemove()) {
                        alone(container, () -> settle(container));
                    }
                }
                case Removing removing ->
                        alone(container, () -> release.removed(container, Caller.within(EACH)));
            }
        } catch (FaultException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "reconcile {0}, which is {1}: {2}",
                    container.record().shortId(),
                    seen.word(),
                    e.fault().message());
        }
    }

    private void alone(Container container, Runnable work) {
        if (container.gone()) {
            return;
        }
        container.inTurn(
                Caller.within(EACH),
                "reconcile",
                () -> {
                    work.run();
                    return null;
                });
    }

    private void settle(Container container) {
        if (container.record().state() instanceof Stopped stopped) {
            exits.settle(container, stopped);
        }
    }

    // An orchestrator that crashed had begun to make it: new ones vanish, others are as before.
    private void abandoned(Container container) {
        alone(
                container,
                () -> {
                    if (!(container.record().state() instanceof Creating creating)) {
                        return;
                    }
                    if (creating.before().isEmpty()) {
                        release.removed(container, Caller.within(EACH));
                        return;
                    }
                    var before = creating.before().get();
                    var stopped = new Stopped(before.ending(), before.startedNanos(), false);
                    container.save(container.record().with(stopped));
                    container.end().complete(before.ending());
                    Services.await(
                            parts.services()
                                    .namespace(
                                            new NamespaceOperation.Delete(container.id(), true),
                                            Caller.within(EACH)));
                    exits.settle(container, stopped);
                });
    }

    private void live(Container container, Live live, Optional<NamespaceResult.State> known) {
        var status = known.map(NamespaceResult.State::status);
        if (status.isEmpty()) {
            exits.handle(
                    container,
                    live.pid(),
                    new Ending(
                            KILLED,
                            9,
                            Clock.nowNanos(),
                            false,
                            "its processes were gone without an exit status"),
                    Caller.within(EACH));
        } else if (status.get() == Status.STOPPED) {
            exits.handle(container, live.pid(), ending(known.get()), Caller.within(EACH));
        } else if (status.get() == Status.RUNNING && live instanceof Created) {
            alone(
                    container,
                    () -> {
                        // Started by a request whose answer got lost.
                        if (container.record().state() instanceof Created created) {
                            lifeCycle.markStarted(container, created);
                        }
                    });
        }
    }

    private static Ending ending(NamespaceResult.State state) {
        return state.exit()
                .map(exit -> new Ending(exit.code(), exit.signal(), exit.timeNanos(), false, ""))
                .orElseGet(
                        () ->
                                new Ending(
                                        KILLED,
                                        9,
                                        Clock.nowNanos(),
                                        false,
                                        "its exit status was not kept"));
    }
}
