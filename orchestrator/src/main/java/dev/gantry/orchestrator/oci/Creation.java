package dev.gantry.orchestrator.oci;

import dev.gantry.bus.Reply;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.oci.OciConfig;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.supervisor.RunningServices;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Makes one container: what {@code create} and {@code run} do first. */
final class Creation {
    private static final int LAST_WORDS_SECONDS = 5;

    /**
     * What is asked for.
     *
     * @param foreground the command stays, and passes stdio and exit code on
     * @param preserved so many descriptors from 3 on are handed on
     * @param log gets warnings
     */
    record Request(
            String id,
            Path bundle,
            Optional<Path> pidFile,
            Optional<Path> consoleSocket,
            int preserved,
            boolean foreground,
            ErrorLog log) {}

    /** A container that waits to be started. */
    record Made(
            ContainerState state,
            CalledShim shim,
            NamespaceResult.Created created,
            boolean relay) {}

    private final Services services;
    private final StateStore store;
    private final Request request;
    private final OciConfig config;
    private final byte[] json;

    private Creation(
            Services services, StateStore store, Request request, byte[] json, OciConfig config) {
        this.services = services;
        this.store = store;
        this.request = request;
        this.json = json;
        this.config = config;
    }

    /** Makes the container of a request; after a fault nothing of it is left. */
    static Made make(Services services, StateStore store, Request request) {
        StateStore.check(request.id());
        var json =
                new Grantable(request.log()::warn)
                        .configuration(
                                read(request.bundle().resolve("config.json")), request.bundle());
        var config = OciConfig.read(json, request.bundle(), Optional.of(request.id()));
        boolean terminal = config.spec().process().terminal();
        if (terminal && !request.foreground() && request.consoleSocket().isEmpty()) {
            throw FaultException.invalid(
                    "process.terminal: a detached container needs --console-socket");
        }
        if (!terminal && request.consoleSocket().isPresent()) {
            throw FaultException.invalid(
                    "--console-socket %s, but process.terminal is not set",
                    request.consoleSocket().get());
        }
        return new Creation(services, store, request, json, config).make();
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FaultException.invalid("read %s: %s", file, e.getClass().getSimpleName());
        }
    }

    private Path rootfs() {
        var path = Path.of(config.rootfs());
        try {
            var real = path.toRealPath();
            if (Files.isDirectory(real)) {
                return real;
            }
            throw FaultException.invalid("root.path %s is not a directory", path);
        } catch (IOException e) {
            throw FaultException.invalid("root.path %s: no such file or directory", path);
        }
    }

    private Made make() {
        var rootfs = rootfs();
        try (var locked = store.create(request.id())) {
            var state =
                    new ContainerState(
                            request.id(),
                            store.key(request.id()),
                            request.bundle().toString(),
                            rootfs.toString(),
                            0,
                            0,
                            Instant.now().toString(),
                            config.spec().bundle().annotations(),
                            config.spec().namespaces().stream()
                                    .anyMatch(n -> n.type().equals("pid") && n.path().isEmpty()),
                            List.of(),
                            List.of(),
                            Optional.empty());
            locked.saveConfig(json);
            locked.save(state);
            try {
                var place = config.cgroupsPath().map(Cgroups::path);
                if (place.isPresent()) {
                    state = state.having(Cgroups.make(place.get(), request.log()::warn));
                    locked.save(state);
                }
                return make(state, place, locked);
            } catch (FaultException e) {
                try {
                    new Removal(services).remove(state);
                } catch (FaultException second) {
                    e.addSuppressed(second);
                }
                locked.remove();
                throw e;
            }
        }
    }

    private Made make(ContainerState state, Optional<String> place, StateStore.Locked locked) {
        boolean relay = config.spec().process().terminal() && request.consoleSocket().isEmpty();
        var shim =
                CalledShim.start(
                        services.layout(),
                        RunningServices.home(),
                        new CalledShim.Call(
                                !request.foreground(),
                                relay,
                                Optional.empty(),
                                request.consoleSocket(),
                                request.preserved()));
        try {
            var cgroup =
                    services.begin(
                            new CgroupOperation.Create(
                                    state.key(), config.resources(), false, place));
            var filter =
                    config.seccomp()
                            .map(
                                    profile ->
                                            services.begin(
                                                    new SeccompOperation.Compile(
                                                            Optional.of(profile), List.of())));
            var placement = cgroup.join().orThrow().placement();
            var program = filter.map(future -> future.join().orThrow());
            var groups = new ArrayList<>(placement.v1Paths());
            placement.unifiedPath().ifPresent(groups::add);
            var placed = state.in(groups, Cgroups.freezer(placement));
            var created =
                    await(
                            shim,
                            services.begin(
                                    new NamespaceOperation.Create(
                                            state.key(),
                                            config.spec(),
                                            new Rootfs(List.of(), state.rootfs(), "", List.of()),
                                            placement,
                                            program.map(p -> p.filter()),
                                            program.map(p -> p.flags()).orElse(0L),
                                            new Stdio(relay, relay, Optional.empty(), 0, 0),
                                            false,
                                            false,
                                            Optional.of(shim.name()))));
            var done = placed.with(created.pid(), ProcStat.startTime(created.pid()));
            locked.save(done);
            request.pidFile().ifPresent(file -> write(file, created.pid()));
            new Stages(request.log(), services).created(state.key(), created.pid());
            return new Made(done, shim, created, relay);
        } catch (FaultException e) {
            shim.abandon();
            throw e;
        }
    }

    /** The answer, or what is to be said when the shim ended without one. */
    static <R> R await(CalledShim shim, CompletableFuture<Reply<R>> answer) {
        CompletableFuture.anyOf(answer, shim.whenEnded()).join();
        try {
            return answer.get(LAST_WORDS_SECONDS + (shim.ended() ? 0 : 60), TimeUnit.SECONDS)
                    .orThrow();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted");
        } catch (java.util.concurrent.ExecutionException
                | java.util.concurrent.TimeoutException e) {
            throw FaultException.of(
                    FaultCode.INTERNAL,
                    "the launcher ended with code %d before it took the plan",
                    shim.await());
        }
    }

    /** A reader never sees half of it. */
    static void write(Path file, long pid) {
        var path = file;
        try {
            var fresh = path.resolveSibling("." + path.getFileName());
            Files.writeString(fresh, Long.toString(pid));
            Files.move(
                    fresh,
                    path,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw FaultException.invalid("write --pid-file %s: %s", path, e);
        }
    }
}
