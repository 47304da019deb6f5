package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState.Created;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Removing;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.model.Ending;
import dev.gantry.orchestrator.model.Signals;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Starts, stops, freezes and removes containers. */
final class LifeCycle {
    private static final Duration DEATH = Duration.ofSeconds(10);
    private static final Duration SETTLED = Duration.ofSeconds(5);

    private final Parts parts;
    private final Creation creation;
    private final Release release;

    LifeCycle(Parts parts, Creation creation, Release release) {
        this.parts = parts;
        this.creation = creation;
        this.release = release;
    }

    /** Makes a container and starts it. */
    ContainerResult.Created run(ContainerSpec spec, Caller caller) {
        var run = creation.run(spec, caller);
        if (run.failure().isPresent()) {
            var failure = new FaultException(run.failure().get());
            settle(run.container(), failure);
            throw failure;
        }
        return run.created();
    }

    /** Starts a created container, or a stopped one again; a running one is no error. */
    ContainerResult.Created start(ContainerOperation.Start start, Caller caller) {
        var container = parts.containers().find(start.container());
        try {
            return container.inTurn(caller, "start", () -> start(container, start.hold(), caller));
        } catch (FaultException e) {
            settle(container, e);
            throw e;
        }
    }

    private ContainerResult.Created start(Container container, boolean hold, Caller caller) {
        var record = container.record();
        return switch (record.state()) {
            case Created created ->
                    hold
                            ? Views.created(record, created, Optional.empty())
                            : begin(container, created, caller);
            case Stopped stopped -> {
                if (!stopped.released()) {
                    release.stopped(container, stopped, caller);
                }
                creation.remake(container, stopped.releasedNow(), caller);
                yield start(container, hold, caller);
            }
            case Running running -> Views.created(record, running, Optional.empty());
            case Paused paused -> throw Refusal.state("start", record, "unpause it");
            case Creating creating -> throw Refusal.state("start", record);
            case Removing removing -> throw Refusal.state("start", record);
        };
    }

    private ContainerResult.Created begin(Container container, Created created, Caller caller) {
        Services.await(
                parts.services().start(new NamespaceOperation.Start(container.id()), caller));
        markStarted(container, created);
        parts.explanations().wentOn(container);
        return Views.created(container.record(), created, Optional.empty());
    }

    /** The init executes its command. Only within the container's turn. */
    void markStarted(Container container, Created created) {
        container.save(container.record().with(created.started(Clock.nowNanos())));
        parts.happenings().started(container.record(), created.pid());
    }

    // An init that could not execute its command has ended: its end is dealt with before the
    // client is told, so that after the answer nothing is on its way any more.
    private void settle(Container container, FaultException failure) {
        if (failure.fault().code() == FaultCode.UNAVAILABLE) {
            return;
        }
        try {
            if (hasEnded(container)) {
                ended(container.end(), SETTLED);
            }
        } catch (FaultException e) {
            if (e.fault().code() == FaultCode.NOT_FOUND) {
                ended(container.end(), SETTLED); // its end was dealt with, and it is being removed
            } else {
                failure.addSuppressed(e);
            }
        }
    }

    private boolean hasEnded(Container container) {
        return switch (container.record().state()) {
            case Created created ->
                    Services.await(
                                            parts.services()
                                                    .namespace(
                                                            new NamespaceOperation.State(
                                                                    container.id()),
                                                            Caller.within(SETTLED)))
                                    .status()
                            == Status.STOPPED;
            case Stopped stopped -> true; // but what it held may still be given back
            case Removing removing -> true;
            case Creating creating -> false;
            case Running running -> false;
            case Paused paused -> false;
        };
    }

    /** Asks a container to end, and kills it after the time. */
    Done stop(ContainerOperation.Stop operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        var record = container.record();
        return switch (record.state()) {
            case Creating creating -> throw Refusal.state("stop", record);
            case Created created -> Done.nothing();
            case Stopped stopped -> Done.nothing();
            case Removing removing -> Done.nothing();
            case Running running -> stop(container, operation.timeoutMillis(), caller);
            case Paused paused -> stop(container, operation.timeoutMillis(), caller);
        };
    }

    private Done stop(Container container, long timeoutMillis, Caller caller) {
        var end = container.end();
        signal(container, stopSignal(container.record()), caller);
        thaw(container, caller);
        if (!ended(end, Duration.ofMillis(timeoutMillis))) {
            kill(container, caller);
        }
        parts.happenings().tell("stopped", container.record());
        return Done.nothing();
    }

    private static int stopSignal(ContainerRecord record) {
        return record.spec()
                .stopSignal()
                .or(() -> record.image().map(Image::config).flatMap(ImageConfig::stopSignal))
                .map(Signals::number)
                .orElse(Signals.TERM);
    }

    /** Kills a container and waits until it is dead. */
    private void kill(Container container, Caller caller) {
        var end = container.end();
        signal(container, Signals.KILL, caller);
        thaw(container, caller);
        if (!ended(end, DEATH)) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE,
                    "container %s was sent SIGKILL and has not ended within %d s",
                    container.record().shortId(),
                    DEATH.toSeconds());
        }
    }

    // A frozen process gets its signals only when it is thawed.
    private void thaw(Container container, Caller caller) {
        if (container.record().state() instanceof Paused) {
            container.inTurn(caller, "unpause", () -> unpause(container, caller));
        }
    }

    private void signal(Container container, int signal, Caller caller) {
        try {
            Services.await(
                    parts.services()
                            .namespace(
                                    new NamespaceOperation.Signal(container.id(), signal, false),
                                    caller));
        } catch (FaultException e) {
            // It ended just now: what was asked for has happened, and its end is on the way.
            if (e.fault().code() != FaultCode.NOT_FOUND
                    && e.fault().code() != FaultCode.FAILED_PRECONDITION) {
                throw e;
            }
        }
    }

    static boolean ended(CompletableFuture<Ending> end, Duration bound) {
        try {
            end.get(bound.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException notYet) {
            return false;
        } catch (ExecutionException removed) {
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Sends a signal to a container's init. */
    Done kill(ContainerOperation.Kill operation, Caller caller) {
        int signal = Signals.number(operation.signal());
        var container = parts.containers().find(operation.container());
        if (!(container.record().state() instanceof Live)) {
            throw Refusal.state("kill", container.record());
        }
        signal(container, signal, caller);
        if (signal == Signals.KILL) {
            thaw(container, caller);
        }
        parts.happenings().tell("killed", container.record(), facts -> facts.put("signal", signal));
        return Done.nothing();
    }

    /** Freezes a running container. */
    Done pause(String reference, Caller caller) {
        var container = parts.containers().find(reference);
        return container.inTurn(
                caller,
                "pause",
                () -> {
                    if (!(container.record().state() instanceof Running running)) {
                        throw Refusal.state("pause", container.record());
                    }
                    var done =
                            Services.await(
                                    parts.services()
                                            .cgroup(
                                                    new CgroupOperation.Freeze(container.id()),
                                                    caller));
                    container.save(container.record().with(running.paused()));
                    parts.happenings().tell("paused", container.record());
                    return done;
                });
    }

    /** Thaws a paused container. */
    Done unpause(String reference, Caller caller) {
        var container = parts.containers().find(reference);
        return container.inTurn(
                caller,
                "unpause",
                () -> {
                    if (!(container.record().state() instanceof Paused)) {
                        throw Refusal.state("unpause", container.record());
                    }
                    return unpause(container, caller);
                });
    }

    private Done unpause(Container container, Caller caller) {
        if (!(container.record().state() instanceof Paused paused)) {
            return Done.nothing(); // Somebody was quicker.
        }
        var done =
                Services.await(
                        parts.services().cgroup(new CgroupOperation.Thaw(container.id()), caller));
        container.save(container.record().with(paused.resumed()));
        parts.happenings().tell("unpaused", container.record());
        return done;
    }

    /** Removes a container; with force, kills it first. */
    Done remove(ContainerOperation.Remove operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        var state = container.record().state();
        if (state instanceof Running || state instanceof Paused) {
            if (!operation.force()) {
                throw Refusal.state(
                        "remove", container.record(), "stop it first or remove it by force");
            }
            kill(container, caller);
        }
        if (container.gone()) {
            return Done.nothing(); // It was to be removed at its end.
        }
        boolean volumes = operation.volumes();
        return container.inTurn(caller, "remove", () -> remove(container, volumes, caller));
    }

    private Done remove(Container container, boolean volumes, Caller caller) {
        var record = container.record();
        return switch (record.state()) {
            case Created created -> removed(container, volumes, caller);
            case Stopped stopped -> removed(container, volumes, caller);
            case Removing removing -> removed(container, volumes, caller);
            case Creating creating -> throw Refusal.state("remove", record);
            case Running running -> throw Refusal.state("remove", record);
            case Paused paused -> throw Refusal.state("remove", record);
        };
    }

    private Done removed(Container container, boolean volumes, Caller caller) {
        if (!volumes && !container.record().anonymousVolumes().isEmpty()) {
            container.save(container.record().withVolumes(List.of())); // They are nobody's now.
        }
        release.removed(container, caller);
        return Done.nothing();
    }
}
