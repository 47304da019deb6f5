package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.util.Optional;

/**
 * Runs a created container in the foreground: attach, start, pass everything on, pass the exit code
 * on.
 */
final class Foreground {
    private Foreground() {}

    static int run(
            GantryCommand gantry,
            ContainerResult.Created created,
            Streams streams,
            boolean autoRemove) {
        var engine = gantry.engine();
        try (var attached = streams.attach(created.attachSocket())) {
            engine.container(new ContainerOperation.Start(created.id()));
            forwardSignals(engine, created, streams.tty());
            if (streams.tty()) {
                attached.followSize(
                        size ->
                                engine.container(
                                        new ContainerOperation.Resize(
                                                created.id(),
                                                created.execId(),
                                                size.rows(),
                                                size.columns())));
            }
            int code = attached.pump();
            if (autoRemove) {
                awaitRemoval(engine, created.id());
            }
            return code;
        } catch (FaultException e) {
            removeIfLeft(engine, created.id(), autoRemove, e);
            throw e;
        }
    }

    /** Who asked for --rm finds nothing left when the command returns. */
    private static void awaitRemoval(Engine engine, String id) {
        try {
            await(engine, id, Optional.empty());
        } catch (FaultException e) {
            // It is gone already: that is what was waited for.
            if (e.fault().code() != FaultCode.NOT_FOUND) {
                throw e;
            }
        }
    }

    private static void removeIfLeft(Engine engine, String id, boolean remove, FaultException e) {
        if (!remove) {
            return;
        }
        try {
            engine.container(new ContainerOperation.Remove(id, true, true));
        } catch (FaultException second) {
            if (second.fault().code() != FaultCode.NOT_FOUND) {
                e.addSuppressed(second);
            }
        }
    }

    static void forwardSignals(Engine engine, ContainerResult.Created created, boolean tty) {
        if (tty) {
            return; // The terminal is raw: its keys reach the container as characters.
        }
        for (var name : new String[] {"INT", "TERM", "HUP"}) {
            Invocation.current()
                    .onSignal(
                            name,
                            () -> {
                                try {
                                    engine.container(
                                            new ContainerOperation.Kill(created.id(), name));
                                } catch (FaultException e) {
                                    Invocation.current().err().println("gantry: " + e.getMessage());
                                }
                            });
        }
    }

    /** Waits for a container that nobody is attached to. */
    static ContainerResult.Exit await(Engine engine, String container, Optional<String> execId) {
        while (true) {
            var exit =
                    execId.isEmpty()
                            ? engine.container(new ContainerOperation.Wait(container, 30_000))
                            : engine.container(
                                    new ContainerOperation.ExecWait(
                                            container, execId.get(), 30_000));
            if (exit.stopped()) {
                return exit;
            }
        }
    }
}
