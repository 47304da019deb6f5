package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.cgroup.CgroupResult;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.seccomp.SeccompResult.Program;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.saga.Saga;
import dev.gantry.orchestrator.saga.Undo;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.spec.SpecBuilder;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The parts of one container on their way: storage, network, cgroup and seccomp are asked at the
 * same time, for none needs the other; the processes are made when all four have answered.
 */
final class Assembly {
    private static final String HOST_SHELL = "host-shell";

    /** A container whose init waits, and all that was done for it, in order. */
    record Made(
            Prepared storage,
            Attached network,
            OciSpec oci,
            NamespaceResult.Created processes,
            Launched launched,
            List<PlanStep> steps) {}

    /** Whether the command was to be executed with the making, and why it could not be. */
    record Launched(boolean start, Optional<Fault> failure) {
        boolean running() {
            return start && failure.isEmpty();
        }
    }

    private final Parts parts;
    private final Saga saga;
    private final ContainerRecord container;
    private final Caller caller;
    private final boolean planOnly;
    private final String hostname;
    private CompletableFuture<Prepared> storage;
    private CompletableFuture<Attached> network;
    private CompletableFuture<CgroupResult.Created> cgroup;
    private CompletableFuture<Optional<Program>> seccomp;

    Assembly(Parts parts, Saga saga, ContainerRecord container, Caller caller, boolean planOnly) {
        this.parts = parts;
        this.saga = saga;
        this.container = container;
        this.caller = caller;
        this.planOnly = planOnly;
        this.hostname = Hostnames.of(container, parts.containers());
    }

    /** Asks for the writable layer of a new container; a missing host-shell image is made first. */
    Assembly prepareStorage() {
        storage =
                saga.begin(
                        new Undo(Undo.Part.STORAGE, container.id()),
                        () -> {
                            var first = prepare();
                            return !planOnly && container.spec().image().equals(HOST_SHELL)
                                    ? first.exceptionallyCompose(this::madeFirst)
                                    : first;
                        });
        return this;
    }

    private CompletableFuture<Prepared> prepare() {
        return parts.services()
                .storage(
                        new StorageOperation.Prepare(
                                container.id(), container.spec().image(), planOnly),
                        caller);
    }

    private CompletableFuture<Prepared> madeFirst(Throwable failure) {
        if (Services.fault(failure).fault().code() != FaultCode.NOT_FOUND) {
            return CompletableFuture.failedFuture(failure);
        }
        return parts.services()
                .storage(new StorageOperation.HostShell(false), caller)
                .thenCompose(image -> prepare());
    }

    /** Takes the layer that a stopped container has kept. */
    Assembly findStorage() {
        storage =
                saga.begin(
                        () ->
                                parts.services()
                                        .storage(
                                                new StorageOperation.Mounts(container.id()),
                                                caller));
        return this;
    }

    /** Asks for everything else that needs no other's answer. */
    Assembly prepareRest() {
        var spec = container.spec();
        var id = container.id();
        network =
                saga.begin(
                        new Undo(Undo.Part.NETWORK, id),
                        () -> parts.services().network(attach(), caller));
        cgroup =
                saga.begin(
                        new Undo(Undo.Part.CGROUP, id),
                        () ->
                                parts.services()
                                        .cgroup(
                                                new CgroupOperation.Create(
                                                        id,
                                                        SpecBuilder.resources(
                                                                spec, container.resources()),
                                                        planOnly),
                                                caller));
        seccomp = saga.begin(() -> parts.filters().of(spec, caller));
        return this;
    }

    private NetworkOperation.Attach attach() {
        var spec = container.spec();
        var aliases = new ArrayList<String>();
        aliases.add(container.name());
        spec.networkAliases().stream().filter(a -> !aliases.contains(a)).forEach(aliases::add);
        return new NetworkOperation.Attach(
                container.id(),
                spec.network(),
                hostname,
                aliases,
                spec.ports(),
                spec.dns(),
                spec.extraHosts(),
                planOnly);
    }

    /** Waits for the writable layer. */
    Prepared storage() {
        return Services.await(storage);
    }

    /** Waits for all that was begun, then makes the processes. */
    Made launch(Volumes.Bound volumes, boolean waitAttach, boolean start) {
        saga.join();
        var prepared = Services.await(storage);
        var attached = Services.await(network);
        var placed = Services.await(cgroup);
        var program = Services.await(seccomp);
        var spec = container.spec();
        var mounts = Volumes.all(spec, volumes.mounts());
        var netns = NetworkNamespaces.of(attached, spec.network(), parts.containers());
        var oci =
                SpecBuilder.build(
                        spec, prepared, attached, netns, hostname, mounts, volumes.sources());
        var create =
                new NamespaceOperation.Create(
                        container.id(),
                        oci,
                        prepared.rootfs(),
                        placed.placement(),
                        program.map(Program::filter),
                        program.map(Program::flags).orElse(0L),
                        stdio(spec, waitAttach),
                        spec.init(),
                        planOnly);
        var processes =
                saga.begin(
                        new Undo(Undo.Part.NAMESPACE, container.id()),
                        () -> start ? run(create) : create(create));
        saga.join();
        var ran = Services.await(processes);
        var made = ran.created();
        var steps = new ArrayList<>(prepared.steps());
        steps.addAll(attached.steps());
        steps.addAll(placed.steps());
        program.ifPresent(p -> steps.addAll(p.steps()));
        steps.addAll(made.steps());
        var launched = new Launched(start, ran.notStarted());
        return new Made(prepared, attached, oci, made, launched, List.copyOf(steps));
    }

    private CompletableFuture<NamespaceResult.Ran> create(NamespaceOperation.Create create) {
        return parts.services()
                .namespace(create, caller)
                .thenApply(made -> new NamespaceResult.Ran(made, Optional.empty()));
    }

    private CompletableFuture<NamespaceResult.Ran> run(NamespaceOperation.Create create) {
        return parts.services().namespace(new NamespaceOperation.Run(create), caller);
    }

    private Stdio stdio(ContainerSpec spec, boolean waitAttach) {
        if (planOnly) {
            return new Stdio(
                    spec.openStdin(),
                    waitAttach,
                    Optional.of(parts.logs().current(container.id()).toString()),
                    spec.logMaxBytes(),
                    spec.logMaxFiles());
        }
        var log =
                saga.begin(
                        new Undo(Undo.Part.LOGS, container.id()),
                        () -> CompletableFuture.completedFuture(parts.logs().make(container.id())));
        return new Stdio(
                spec.openStdin(),
                waitAttach,
                Optional.of(Services.await(log).toString()),
                spec.logMaxBytes(),
                spec.logMaxFiles());
    }
}
