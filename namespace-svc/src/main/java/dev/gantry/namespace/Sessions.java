package dev.gantry.namespace;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceResult.Created;
import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.namespace.launcher.Launcher;
import dev.gantry.namespace.launcher.Launcher.Called;
import dev.gantry.namespace.launcher.ShimMessage;
import dev.gantry.namespace.launcher.ShimRequest;
import dev.gantry.namespace.plan.LaunchPlan;
import dev.gantry.namespace.plan.PlanWriter;
import dev.gantry.namespace.plan.SessionGroups;
import dev.gantry.namespace.plan.SessionPlan;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Further processes of running containers: each has a shim of its own. */
final class Sessions {
    /** Most that may live in one container (security.md row 28). */
    private static final int MOST_LIVE = 256;

    /** So many that are over are remembered; a health check would else fill the disk in time. */
    private static final int REMEMBERED = 64;

    private final Launcher launcher;
    private final RuntimeFiles files;
    private final RuntimeEvents events;
    private final Function<String, Path> shims;

    /**
     * @param shims where a called shim listens, by its name
     */
    Sessions(
            Launcher launcher,
            RuntimeFiles files,
            RuntimeEvents events,
            Function<String, Path> shims) {
        this.shims = shims;
        this.launcher = launcher;
        this.files = files;
        this.events = events;
    }

    /** Starts a process in a running container. */
    Created open(Container container, ContainerRecord record, Exec request, Instant deadline) {
        var session =
                new ShimProcess(
                        request.id(),
                        Optional.of(request.execId()),
                        files.directory(request.id(), request.execId()),
                        events);
        var called =
                request.shim()
                        .map(shim -> launcher.connectCalled(shims.apply(shim), session, deadline));
        try {
            return open(container, record, request, session, called, deadline);
        } finally {
            called.filter(_ -> session.control().isEmpty()).ifPresent(c -> c.channel().close());
        }
    }

    private Created open(
            Container container,
            ContainerRecord record,
            Exec request,
            ShimProcess session,
            Optional<Called> called,
            Instant deadline) {
        boolean wait = request.stdio().waitAttach();
        var plan =
                SessionPlan.compile(
                        request,
                        called.map(Called::limits).orElse(launcher.limits()),
                        record.namespaces(),
                        SessionGroups.of(record.cgroups(), request.cgroups()),
                        container.init().pid(),
                        record.persona(),
                        record.told(),
                        wait);
        reserve(container, request, session);
        try {
            return launch(container, session, called, plan, wait, deadline);
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.UNAVAILABLE || session.control().isEmpty()) {
                container.sessions().remove(request.execId(), session);
            }
            throw e;
        }
    }

    private void reserve(Container container, Exec request, ShimProcess session) {
        forgetOldest(container);
        long live =
                container.sessions().values().stream()
                        .filter(other -> other.status() != Status.STOPPED)
                        .count();
        if (live >= MOST_LIVE) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "container %s has %d exec sessions already",
                    request.id(),
                    live);
        }
        if (container.sessions().putIfAbsent(request.execId(), session) != null) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS,
                    "container %s has an exec session %s already",
                    request.id(),
                    request.execId());
        }
    }

    private Created launch(
            Container container,
            ShimProcess session,
            Optional<Called> called,
            LaunchPlan plan,
            boolean wait,
            Instant deadline) {
        var bytes = plan.encode();
        var ctl = container.init().directory().resolve("ctl");
        var channel =
                called.map(Called::channel)
                        .orElseGet(() -> launcher.connectShim(ctl, session, deadline));
        session.control(channel);
        var answer = channel.ask(ShimRequest.EXEC, bytes, deadline);
        var created = answer.as(ShimMessage.Created.class);
        if (wait) {
            // it begins when a client has attached; what comes of it is told as an event
            channel.request(ShimRequest.START, Launcher.nothing());
        }
        return new Created(
                session.execId().orElseThrow(),
                created.pid(),
                session.attachSocket().toString(),
                List.of());
    }

    private void forgetOldest(Container container) {
        var over =
                container.sessions().values().stream()
                        .filter(s -> s.status() == Status.STOPPED && s.whenGone().isDone())
                        .sorted(Comparator.comparingLong(Sessions::endOf))
                        .toList();
        for (var session : over.subList(0, Math.max(0, over.size() - REMEMBERED))) {
            var execId = session.execId().orElseThrow();
            container
                    .init()
                    .control()
                    .ifPresent(
                            channel ->
                                    channel.request(
                                            ShimRequest.REMOVE,
                                            new PlanWriter().string(execId).finish()));
            container.sessions().remove(execId, session);
            session.forget();
            files.forget(session);
        }
    }

    private static long endOf(ShimProcess session) {
        return session.exit().map(Exit::timeNanos).orElse(0L);
    }
}
