package dev.gantry.orchestrator.engine;

import dev.gantry.bus.Event;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.contract.seccomp.SeccompResult.Program;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerIds;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.model.Ending;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.spec.SpecBuilder;
import dev.gantry.orchestrator.store.Container;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Further processes of running containers. */
final class Executions {
    /** Most that may run in one container at a time (security.md row 28). */
    static final int MOST_LIVE = 256;

    private static final int REMEMBERED = 1024;

    private record Session(String containerId, CompletableFuture<Ending> end) {}

    private final Parts parts;
    private final Map<String, Session> sessions = new LinkedHashMap<>();

    Executions(Parts parts) {
        this.parts = parts;
    }

    /** Starts a process; many may be started in one container at the same time. */
    ContainerResult.Created exec(ContainerOperation.Exec operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        var record = container.record();
        if (!(record.state() instanceof Running)) {
            throw Refusal.state("execute in", record);
        }
        var exec = operation.spec();
        var seccomp = parts.filters().of(record.spec(), caller);
        Optional<Prepared> files =
                exec.user().isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                Services.await(
                                        parts.services()
                                                .storage(
                                                        new StorageOperation.Mounts(record.id()),
                                                        caller)));
        var process =
                SpecBuilder.exec(exec, record.spec(), record.oci().orElseThrow().process(), files);
        var program = Services.await(seccomp);
        var execId = ContainerIds.freshExec();
        // Known before it is begun: it may have ended before the answer is here.
        begin(container, execId);
        try {
            var made =
                    Services.await(
                            parts.services()
                                    .namespace(
                                            new NamespaceOperation.Exec(
                                                    record.id(),
                                                    execId,
                                                    process,
                                                    program.map(Program::filter),
                                                    program.map(Program::flags).orElse(0L),
                                                    new Stdio(
                                                            exec.openStdin(),
                                                            exec.waitAttach(),
                                                            Optional.empty(),
                                                            0,
                                                            0)),
                                            caller));
            parts.happenings()
                    .tell(
                            "exec-started",
                            record,
                            facts -> facts.put("execId", execId).put("pid", made.pid()));
            return answer(container, execId, exec.tty(), made);
        } catch (FaultException e) {
            forget(execId);
            throw e;
        }
    }

    private static ContainerResult.Created answer(
            Container container, String execId, boolean tty, NamespaceResult.Created made) {
        return new ContainerResult.Created(
                container.id(),
                container.record().name(),
                Optional.of(execId),
                made.pid(),
                tty,
                made.attachSocket(),
                made.steps());
    }

    private synchronized void begin(Container container, String execId) {
        long live =
                sessions.values().stream()
                        .filter(s -> s.containerId().equals(container.id()) && !s.end().isDone())
                        .count();
        if (live >= MOST_LIVE) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "container %s runs %d further processes already",
                    container.record().shortId(),
                    live);
        }
        remember(execId, container.id());
    }

    private synchronized Session remember(String execId, String containerId) {
        var known = sessions.get(execId);
        if (known != null) {
            return known;
        }
        var session = new Session(containerId, new CompletableFuture<>());
        sessions.put(execId, session);
        var oldest = sessions.entrySet().iterator();
        while (sessions.size() > REMEMBERED && oldest.hasNext()) {
            if (oldest.next().getValue().end().isDone()) {
                oldest.remove();
            }
        }
        return session;
    }

    private synchronized void forget(String execId) {
        sessions.remove(execId);
    }

    private synchronized Optional<Session> session(String execId) {
        return Optional.ofNullable(sessions.get(execId));
    }

    /** namespace-svc told that a further process ended. */
    void heard(Event event) {
        var body = event.body();
        var execId = body.path("execId").asText();
        parts.containers()
                .byId(body.path("id").asText())
                .ifPresent(
                        container ->
                                parts.happenings()
                                        .tell(
                                                "exec-exited",
                                                container.record(),
                                                facts ->
                                                        facts.put("execId", execId)
                                                                .put(
                                                                        "exitCode",
                                                                        body.path("code")
                                                                                .asInt())));
        // After the event: whoever waited finds it in the log.
        session(execId)
                .ifPresent(
                        known ->
                                known.end()
                                        .complete(
                                                new Ending(
                                                        body.path("code").asInt(),
                                                        body.path("signal").asInt(),
                                                        body.path("timeNanos").asLong(),
                                                        false,
                                                        "")));
    }

    /** How a further process ended, when it has. */
    ContainerResult.Exit await(ContainerOperation.ExecWait operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        var execId = operation.execId();
        var session = session(execId).orElseGet(() -> found(container, execId, caller));
        var bound = Duration.ofMillis(Math.max(0, operation.timeoutMillis()));
        // A container that ends takes its further processes along.
        var either = CompletableFuture.anyOf(session.end(), container.end());
        LifeCycle.ended(either.thenApply(any -> null), shorter(bound, caller.remaining()));
        if (session.end().isDone()) {
            return Views.exit(session.end().join());
        }
        return container.end().isDone()
                ? new ContainerResult.Exit(true, 137, false, "its container has ended")
                : Views.notYet();
    }

    // One that an earlier orchestrator began: namespace-svc knows what became of it.
    private Session found(Container container, String execId, Caller caller) {
        var session = remember(execId, container.id());
        try {
            var state =
                    Services.await(
                            parts.services()
                                    .namespace(
                                            new NamespaceOperation.ExecState(
                                                    container.id(), execId),
                                            caller));
            if (state.status() == Status.STOPPED) {
                var exit = state.exit().orElseThrow();
                session.end()
                        .complete(
                                new Ending(
                                        exit.code(), exit.signal(), exit.timeNanos(), false, ""));
            }
            return session;
        } catch (FaultException e) {
            forget(execId);
            throw e;
        }
    }

    static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
