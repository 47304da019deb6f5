package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciConfig;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.supervisor.RunningServices;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** One further process of a container. */
final class Execution {
    /**
     * What is asked for; see {@link Creation.Request}.
     *
     * @param cgroups as {@link SubGroups} takes them
     */
    record Request(
            String id,
            OciProcess process,
            Optional<Path> pidFile,
            Optional<Path> consoleSocket,
            int preserved,
            List<String> cgroups,
            boolean ignorePaused,
            boolean detached,
            ErrorLog log) {}

    private final Containers containers;
    private final Services services;
    private final Request request;

    Execution(Containers containers, Request request) {
        this.containers = containers;
        this.services = containers.services();
        this.request = request;
    }

    /** Runs it; its exit code, or 0 if nobody waits for it. */
    int run() {
        var state = containers.store().look(request.id());
        check(state);
        var groups = SubGroups.of(state.cgroups(), request.cgroups());
        boolean terminal = request.process().terminal();
        boolean relay = terminal && request.consoleSocket().isEmpty();
        var filter = filter(state);
        var shim =
                CalledShim.start(
                        services.layout(),
                        RunningServices.home(),
                        new CalledShim.Call(
                                request.detached(),
                                relay,
                                Optional.of(state.key()),
                                request.consoleSocket(),
                                request.preserved()));
        var execId = "x" + shim.name() + "-" + Long.toString(System.nanoTime(), 36);
        try {
            var created =
                    Creation.await(
                            shim,
                            services.begin(
                                    new NamespaceOperation.Exec(
                                            state.key(),
                                            execId,
                                            request.process(),
                                            filter.map(SeccompResult.Program::filter),
                                            filter.map(SeccompResult.Program::flags).orElse(0L),
                                            new Stdio(relay, relay, Optional.empty(), 0, 0),
                                            Optional.of(shim.name()),
                                            groups)));
            request.pidFile().ifPresent(file -> Creation.write(file, created.pid()));
            new Stages(request.log(), services).executed(state.id(), created.pid());
            if (request.detached()) {
                return 0;
            }
            return new Foreground(containers.services(), state.key(), Optional.of(execId), shim)
                    .run(created, terminal && relay);
        } catch (FaultException e) {
            shim.abandon();
            throw e;
        }
    }

    private void check(ContainerState state) {
        if (request.process().terminal()
                && request.detached()
                && request.consoleSocket().isEmpty()) {
            throw FaultException.invalid(
                    "process.terminal: a detached process needs --console-socket");
        }
        if (!request.process().terminal() && request.consoleSocket().isPresent()) {
            throw FaultException.invalid(
                    "--console-socket %s, but the process has no terminal",
                    request.consoleSocket().get());
        }
        var status = Status.of(state);
        boolean waits = status == Status.PAUSED && request.ignorePaused();
        if (status != Status.RUNNING && status != Status.CREATED && !waits) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "cannot exec in a %s container: %s",
                    status.word(),
                    state.id());
        }
    }

    /** The container's filter holds for every process of it. */
    private Optional<SeccompResult.Program> filter(ContainerState state) {
        return OciConfig.read(containers.config(request.id()), Path.of(state.bundle()))
                .seccomp()
                .map(
                        profile ->
                                services.begin(
                                                new SeccompOperation.Compile(
                                                        Optional.of(profile), List.of()))
                                        .join()
                                        .orThrow());
    }
}
