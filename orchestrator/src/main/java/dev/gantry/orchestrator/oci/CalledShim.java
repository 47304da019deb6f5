package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;
import dev.gantry.orchestrator.invocation.ChildProcess;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.ServiceTable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** A shim that this command starts for one process, which so has this command's stdio. */
final class CalledShim {
    /**
     * How it is called.
     *
     * @param apart the process is to be a child of this command's parent (of the subreaper that
     *     waits for it), not of the shim
     * @param relay its stdio is at the attach socket
     * @param container for a further process: the key of its container
     * @param console socket that gets the terminal
     * @param preserved so many descriptors from 3 on are handed on
     */
    record Call(
            boolean apart,
            boolean relay,
            Optional<String> container,
            Optional<Path> console,
            int preserved) {}

    private final String name;
    private final ChildProcess process;

    private CalledShim(String name, ChildProcess process) {
        this.name = name;
        this.process = process;
    }

    /** Starts it; it listens soon. */
    static CalledShim start(Layout layout, Path home, Call call) {
        long self = Invocation.current().pid();
        var name = Long.toString(self);
        var command = new ArrayList<String>();
        command.add(home.resolve("launcher/gantry-launcher").toString());
        command.addAll(List.of("--called", name));
        command.addAll(List.of("--socket", layout.calledShim(name).toString()));
        command.addAll(List.of("--uid", Integer.toString(ServiceTable.NAMESPACE)));
        command.addAll(List.of("--state", layout.containers().toString()));
        if (call.apart()) {
            command.add("--apart");
        }
        if (call.relay()) {
            command.add("--relay");
        }
        call.container().ifPresent(key -> command.addAll(List.of("--exec", key)));
        call.console().ifPresent(path -> command.addAll(List.of("--console", path.toString())));
        if (call.preserved() > 0) {
            command.addAll(List.of("--preserve-fds", Integer.toString(call.preserved())));
        }
        return new CalledShim(name, Invocation.current().start(command));
    }

    String name() {
        return name;
    }

    /** Whether it has ended, which before the plan was carried out means that it could not. */
    boolean ended() {
        return process.ended().isDone();
    }

    CompletableFuture<Integer> whenEnded() {
        return process.ended();
    }

    /** Waits until it has ended: the exit code of its process. */
    int await() {
        try {
            return process.ended().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted");
        } catch (ExecutionException e) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "%s", e.getCause().getMessage());
        }
    }

    /** Nothing came of it. */
    void abandon() {
        process.terminate();
    }
}
