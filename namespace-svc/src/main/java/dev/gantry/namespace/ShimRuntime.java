package dev.gantry.namespace;

import dev.gantry.bus.Bus;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceResult.Created;
import dev.gantry.bus.contract.namespace.NamespaceResult.Explanation;
import dev.gantry.bus.contract.namespace.NamespaceResult.Ran;
import dev.gantry.bus.contract.namespace.NamespaceResult.Started;
import dev.gantry.bus.contract.namespace.NamespaceResult.State;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.service.Layout;
import dev.gantry.namespace.launcher.ControlChannel;
import dev.gantry.namespace.launcher.ControlChannel.Answer;
import dev.gantry.namespace.launcher.ControlLoop;
import dev.gantry.namespace.launcher.Launcher;
import dev.gantry.namespace.launcher.Launcher.Called;
import dev.gantry.namespace.launcher.LauncherProcess;
import dev.gantry.namespace.launcher.LinuxNamespaceKernel;
import dev.gantry.namespace.launcher.NamespaceKernel;
import dev.gantry.namespace.launcher.ShimMessage;
import dev.gantry.namespace.launcher.ShimRequest;
import dev.gantry.namespace.plan.ContainerPlan;
import dev.gantry.namespace.plan.PlanOp;
import dev.gantry.namespace.plan.PlanWriter;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** Containers whose processes are held by the launcher's shims. */
final class ShimRuntime implements ContainerRuntime {
    private final Launcher launcher;
    private final ControlLoop loop;
    private final RuntimeFiles files;
    private final RuntimeEvents events;
    private final Adoption adoption;
    private final Sessions sessions;
    private final Function<String, Path> shims;
    private final Map<String, Container> containers = new ConcurrentHashMap<>();

    private ShimRuntime(NamespaceKernel kernel, Layout layout, Bus bus) {
        files = new RuntimeFiles(layout);
        events = new RuntimeEvents(bus, files, this::findOut);
        loop = new ControlLoop(kernel);
        launcher = new Launcher(kernel, loop, layout.launcherSocket());
        launcher.probe();
        shims = layout::calledShim;
        sessions = new Sessions(launcher, files, events, shims);
        adoption = new Adoption(kernel, launcher, files, events);
        adoption.all().forEach(container -> containers.put(container.id(), container));
    }

    /** Finds the containers that are there already, and holds them from here on. */
    static ShimRuntime open(Layout layout, Bus bus) {
        return new ShimRuntime(new LinuxNamespaceKernel(), layout, bus);
    }

    private void findOut(ShimProcess process) {
        adoption.take(process);
    }

    /** Starts a launcher as a child, unless one listens at the layout's socket. */
    static Optional<LauncherProcess> launcherUnlessThere(Layout layout) {
        var kernel = new LinuxNamespaceKernel();
        var connected = kernel.connect(layout.launcherSocket());
        if (!connected.failed()) {
            kernel.close((int) connected.value());
            return Optional.empty();
        }
        return Optional.of(LauncherProcess.start(layout, 0));
    }

    /**
     * @param start the answer to START, where that was asked for with the making
     */
    private record Launch(Created created, Optional<CompletableFuture<Answer>> start) {
        static Launch of(Created created) {
            return new Launch(created, Optional.empty());
        }
    }

    @Override
    public Created create(Create request, Instant deadline) {
        return launch(request, false, deadline).created();
    }

    private Launch launch(Create request, boolean start, Instant deadline) {
        var process =
                new ShimProcess(
                        request.id(), Optional.empty(), files.directory(request.id()), events);
        var called =
                request.shim()
                        .map(shim -> launcher.connectCalled(shims.apply(shim), process, deadline));
        try {
            return launch(request, start, process, called, deadline);
        } finally {
            called.filter(_ -> process.control().isEmpty()).ifPresent(c -> c.channel().close());
        }
    }

    private Launch launch(
            Create request,
            boolean start,
            ShimProcess process,
            Optional<Called> called,
            Instant deadline) {
        var limits = called.map(Called::limits).orElse(launcher.limits());
        var plan = ContainerPlan.compile(request, limits, files.logGroup());
        var bytes = plan.encode();
        if (request.planOnly()) {
            return Launch.of(new Created(request.id(), 0, "", plan.steps()));
        }
        var record = record(request, bytes);
        var fresh = new Container(request.id(), process, Optional.of(record));
        var there = containers.putIfAbsent(request.id(), fresh);
        if (there != null) {
            return Launch.of(again(there, record));
        }
        try {
            var channel =
                    called.map(Called::channel)
                            .orElseGet(() -> launcher.connect(process, deadline));
            process.control(channel);
            var answer = channel.request(ShimRequest.CREATE, bytes);
            // Right behind it: the init need not wait for us to hear that it waits.
            var started =
                    start
                            ? Optional.of(channel.request(ShimRequest.START, Launcher.nothing()))
                            : Optional.<CompletableFuture<Answer>>empty();
            files.save(request.id(), record); // while the launcher works
            var done = ControlChannel.await(ShimRequest.CREATE, answer, deadline);
            var created = done.as(ShimMessage.Created.class);
            fresh.report().launched(plan, done.timings());
            var attach = process.attachSocket().toString();
            return new Launch(new Created(request.id(), created.pid(), attach, List.of()), started);
        } catch (FaultException e) {
            if (e.fault().code() != FaultCode.UNAVAILABLE || process.control().isEmpty()) {
                forget(fresh); // nothing is left of it; an unknown outcome is kept, to be deleted
            }
            throw e;
        }
    }

    @Override
    public Ran run(Create request, Instant deadline) {
        var launch = launch(request, true, deadline);
        var container = container(request.id());
        try {
            if (launch.start().isPresent()) {
                var answer = launch.start().get();
                started(container, ControlChannel.await(ShimRequest.START, answer, deadline));
            } else if (container.init().status() != Status.STOPPED) { // else it ran, and has ended
                start(request.id(), deadline);
            }
            return new Ran(launch.created(), Optional.empty());
        } catch (FaultException e) {
            return new Ran(launch.created(), Optional.of(e.fault()));
        }
    }

    private static ContainerRecord record(Create request, ByteBuffer plan) {
        var told = ContainerPlan.told(request);
        return new ContainerRecord(
                digest(plan),
                ContainerPlan.ownNamespaces(request.spec()),
                Optional.ofNullable(request.cgroup())
                        .map(ContainerPlan::cgroupDirs)
                        .orElse(List.of()),
                ContainerPlan.persona(request.spec()),
                first(told, PlanOp.State.class),
                first(told, PlanOp.Listener.class));
    }

    private static <T extends PlanOp> Optional<T> first(List<PlanOp> ops, Class<T> kind) {
        return ops.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    private static String digest(ByteBuffer plan) {
        try {
            var sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(plan.duplicate());
            return HexFormat.of().formatHex(sha256.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static Created again(Container there, ContainerRecord asked) {
        boolean same = there.record().map(r -> r.equals(asked)).orElse(false);
        if (!same) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS,
                    "container %s exists already, made from another request",
                    there.id());
        }
        if (there.init().status() == Status.CREATING) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "container %s is being created", there.id());
        }
        return new Created(
                there.id(), there.init().pid(), there.init().attachSocket().toString(), List.of());
    }

    private void forget(Container container) {
        container.processes().forEach(ShimProcess::forget);
        container.sessions().values().forEach(files::forget);
        files.forget(container.id());
        containers.remove(container.id(), container);
    }

    @Override
    public Started start(String id, Instant deadline) {
        var container = container(id);
        var process = container.init();
        if (process.status() == Status.RUNNING) {
            return new Started(id, process.pid());
        }
        if (process.status() != Status.CREATED) {
            throw notIn(process, "created");
        }
        started(container, channel(process).ask(ShimRequest.START, Launcher.nothing(), deadline));
        return new Started(id, process.pid());
    }

    private static void started(Container container, Answer answer) {
        boolean already =
                answer.message() instanceof ShimMessage.Failed f && f.errno() == Errno.EBUSY;
        if (!already) {
            answer.as(ShimMessage.Started.class);
        }
        container.report().goesOn(answer.timings());
    }

    @Override
    public Done signal(String id, int signal, boolean all, Instant deadline) {
        var process = container(id).init();
        if (process.status() == Status.STOPPED || process.status() == Status.CREATING) {
            throw notIn(process, "running");
        }
        var body = new PlanWriter().u32(signal).u32(all ? 2 : 0).finish();
        channel(process).ask(ShimRequest.SIGNAL, body, deadline).as(ShimMessage.Ok.class);
        return Done.nothing();
    }

    @Override
    public Created exec(Exec request, Instant deadline) {
        var container = container(request.id());
        var status = container.init().status();
        boolean made = status == Status.CREATED && request.shim().isPresent();
        if (status != Status.RUNNING && !made) {
            throw notIn(container.init(), "running");
        }
        var record =
                container
                        .record()
                        .orElseThrow(
                                () ->
                                        FaultException.of(
                                                FaultCode.FAILED_PRECONDITION,
                                                "container %s has no record: delete it",
                                                request.id()));
        return sessions.open(container, record, request, deadline);
    }

    @Override
    public Done resize(
            String id, Optional<String> execId, int rows, int columns, Instant deadline) {
        var container = container(id);
        var process = execId.map(exec -> session(container, exec)).orElse(container.init());
        if (process.status() != Status.RUNNING && process.status() != Status.CREATED) {
            throw notIn(process, "running");
        }
        var body = new PlanWriter().u16(rows).u16(columns).finish();
        channel(process).ask(ShimRequest.RESIZE, body, deadline).as(ShimMessage.Ok.class);
        return Done.nothing();
    }

    @Override
    public State state(String id) {
        return container(id).init().state();
    }

    @Override
    public Explanation explain(String id) {
        return new Explanation(id, container(id).report().tell());
    }

    @Override
    public State execState(String id, String execId) {
        return session(container(id), execId).state();
    }

    @Override
    public List<State> list() {
        return containers.values().stream().map(c -> c.init().state()).toList();
    }

    @Override
    public Done delete(String id, boolean force, Instant deadline) {
        var container = containers.get(id);
        if (container == null) {
            launcher.remove(id, deadline);
            return Done.nothing();
        }
        boolean alive = container.init().status() != Status.STOPPED;
        if (alive && !force) {
            throw notIn(container.init(), "stopped");
        }
        container.processes().forEach(process -> end(process, deadline));
        launcher.remove(id, deadline);
        forget(container);
        events.deleted(id);
        return Done.nothing();
    }

    /** Kills the process, if it lives, and waits until its shim is gone. */
    private static void end(ShimProcess process, Instant deadline) {
        process.control()
                .ifPresent(
                        channel -> {
                            if (process.status() != Status.STOPPED) {
                                channel.request(ShimRequest.DELETE, Launcher.nothing());
                            }
                        });
        Waiting.until(process.whenGone(), deadline, "the shim of " + process.id() + " did not end");
    }

    private Container container(String id) {
        var container = containers.get(id);
        if (container == null) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no container %s", id);
        }
        return container;
    }

    private static ShimProcess session(Container container, String execId) {
        var session = container.sessions().get(execId);
        if (session == null) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "container %s has no exec session %s",
                    container.id(),
                    execId);
        }
        return session;
    }

    private static ControlChannel channel(ShimProcess process) {
        return process.control().orElseThrow(() -> notIn(process, "running"));
    }

    private static FaultException notIn(ShimProcess process, String wanted) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "%s is %s, not %s",
                process.execId()
                        .map(exec -> "exec session " + exec + " of " + process.id())
                        .orElse("container " + process.id()),
                process.status().name().toLowerCase(Locale.ROOT),
                wanted);
    }

    @Override
    public void close() {
        loop.close();
        events.close();
    }
}
