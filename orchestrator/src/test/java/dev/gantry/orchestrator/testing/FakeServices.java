package dev.gantry.orchestrator.testing;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.Registration;
import dev.gantry.bus.Request;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.cgroup.CgroupResult;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.contract.namespace.NamespaceResult.State;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkResult;
import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.bus.contract.seccomp.SeccompResult;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The five services without a kernel: they keep what was made in sets, so that a test can see what
 * is left, and fail, hang or answer late where a test says so.
 */
public final class FakeServices implements AutoCloseable {
    /** What a step does instead of its work. */
    public enum Trouble {
        /** Nothing is done and a fault is answered. */
        FAIL,
        /** The work is done and a fault is answered. */
        FAIL_AFTER,
        /** The work is done and no answer comes in time. */
        NO_ANSWER
    }

    public final Set<String> layers = ConcurrentHashMap.newKeySet();
    public final Set<String> volumes = ConcurrentHashMap.newKeySet();
    public final Set<String> attachments = ConcurrentHashMap.newKeySet();
    public final Set<String> cgroups = ConcurrentHashMap.newKeySet();
    public final Map<String, State> processes = new ConcurrentHashMap<>();
    public final Set<String> frozen = ConcurrentHashMap.newKeySet();
    public final List<String> calls = new CopyOnWriteArrayList<>();
    public final Map<String, NamespaceOperation.Create> created = new ConcurrentHashMap<>();
    public volatile ImageConfig image =
            new ImageConfig("", List.of(), List.of(), List.of("sh"), "", null, null, null, null);
    public volatile long oomKills;
    public volatile boolean ignoresTerm;
    public volatile boolean commandIsMissing;

    private final Map<String, Trouble> troubles = new ConcurrentHashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicLong pids = new AtomicLong(1000);
    private final Bus bus;
    private final List<Registration> registrations = new ArrayList<>();

    public FakeServices(Bus bus) {
        this.bus = bus;
        serve(StorageOperation.CONTRACT, "storage");
        serve(NetworkOperation.CONTRACT, "network");
        serve(CgroupOperation.CONTRACT, "cgroup");
        serve(SeccompOperation.CONTRACT, "seccomp");
        serve(NamespaceOperation.CONTRACT, "namespace");
    }

    /** For example {@code trouble("cgroup Create", FAIL)}. */
    public void trouble(String call, Trouble trouble) {
        troubles.put(call, trouble);
    }

    public void calm() {
        troubles.clear();
    }

    /** Whether nothing of any container is left. */
    public boolean isEmpty() {
        return layers.isEmpty()
                && volumes.isEmpty()
                && attachments.isEmpty()
                && cgroups.isEmpty()
                && processes.isEmpty();
    }

    public String leftovers() {
        return "layers "
                + layers
                + ", volumes "
                + volumes
                + ", attachments "
                + attachments
                + ", cgroups "
                + cgroups
                + ", processes "
                + processes.keySet();
    }

    /** A container's init ends, and namespace-svc says so. */
    public void exit(String id, int code, int signal) {
        exitSilently(id, code, signal);
        var body = event(id, code, signal);
        body.put("pid", processes.get(id).pid());
        bus.publish("events.namespace.exited", body);
    }

    /** A container's init ends, and nobody hears of it. */
    public void exitSilently(String id, int code, int signal) {
        processes.computeIfPresent(
                id,
                (key, state) ->
                        new State(
                                id,
                                Status.STOPPED,
                                state.pid(),
                                Optional.of(new Exit(code, signal, 1_000_000_000L))));
    }

    public void exitExec(String id, String execId, int code) {
        bus.publish("events.namespace.exec-exited", event(id, code, 0).put("execId", execId));
    }

    private static ObjectNode event(String id, int code, int signal) {
        return Json.mapper()
                .createObjectNode()
                .put("id", id)
                .put("code", code)
                .put("signal", signal)
                .put("timeNanos", System.currentTimeMillis() * 1_000_000);
    }

    private <O extends Operation<?>> void serve(Contract<O> contract, String service) {
        registrations.add(bus.serve(contract, request -> handle(service, request)));
    }

    private Object handle(String service, Request<? extends Operation<?>> request) {
        var operation = request.operation();
        var call = service + " " + operation.getClass().getSimpleName();
        calls.add(call);
        var trouble = troubles.get(call);
        if (trouble == Trouble.FAIL) {
            throw FaultException.of(FaultCode.INTERNAL, "%s was made to fail", call);
        }
        var result = answer(operation);
        if (trouble == Trouble.FAIL_AFTER) {
            throw FaultException.of(FaultCode.INTERNAL, "%s was made to fail", call);
        }
        if (trouble == Trouble.NO_ANSWER) {
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return result;
    }

    private Object answer(Operation<?> operation) {
        return switch (operation) {
            case StorageOperation<?> storage -> storage(storage);
            case NetworkOperation<?> network -> network(network);
            case CgroupOperation<?> cgroup -> cgroup(cgroup);
            case SeccompOperation<?> seccomp -> seccomp(seccomp);
            case NamespaceOperation<?> namespace -> namespace(namespace);
            default -> throw new IllegalArgumentException(operation.toString());
        };
    }

    private Object storage(StorageOperation<?> operation) {
        return switch (operation) {
            case StorageOperation.Prepare prepare -> {
                if (prepare.image().equals("absent")) {
                    throw FaultException.of(FaultCode.NOT_FOUND, "no such image: absent");
                }
                if (!prepare.planOnly()) {
                    layers.add(prepare.containerId());
                }
                yield prepared(prepare.containerId());
            }
            case StorageOperation.Mounts mounts -> {
                if (!layers.contains(mounts.containerId())) {
                    throw FaultException.of(FaultCode.NOT_FOUND, "no such layer");
                }
                yield prepared(mounts.containerId());
            }
            case StorageOperation.Snapshots s ->
                    new StorageResult.SnapshotList(layers.stream().sorted().toList());
            case StorageOperation.Remove remove -> done(layers.remove(remove.containerId()));
            case StorageOperation.VolumeCreate create -> {
                volumes.add(create.name());
                yield volume(create.name());
            }
            case StorageOperation.VolumeFill fill -> {
                if (!volumes.contains(fill.name())) {
                    throw FaultException.of(FaultCode.NOT_FOUND, "no such volume");
                }
                yield new Done(List.of());
            }
            case StorageOperation.Volumes v ->
                    new StorageResult.VolumeList(
                            volumes.stream().map(FakeServices::volume).toList());
            case StorageOperation.VolumeRemove remove -> done(volumes.remove(remove.name()));
            case StorageOperation.Probe probe ->
                    new StorageResult.Host("overlay", "/state", "ext4", "");
            default -> throw FaultException.of(FaultCode.UNSUPPORTED, "not faked");
        };
    }

    private static StorageResult.Volume volume(String name) {
        return new StorageResult.Volume(name, "/state/volumes/" + name + "/data", 0, Map.of());
    }

    private StorageResult.Prepared prepared(String id) {
        return new StorageResult.Prepared(
                id,
                new Rootfs(List.of("/layers/1"), "/up/" + id, "/work/" + id, List.of()),
                new StorageResult.Image(
                        "sha256:" + "1".repeat(64),
                        "sha256:" + "2".repeat(64),
                        List.of("image:latest"),
                        "linux",
                        "amd64",
                        0,
                        0,
                        List.of(),
                        image),
                "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/var/www:\n",
                "root:x:0:\nweb:x:34:\nlogs:x:50:web,other\n",
                step("storage-svc", "mkdir"));
    }

    private Object network(NetworkOperation<?> operation) {
        return switch (operation) {
            case NetworkOperation.Attach attach -> {
                if (!attach.planOnly()) {
                    attachments.add(attach.containerId());
                }
                yield new NetworkResult.Attached(
                        attach.containerId(),
                        attach.network(),
                        attach.network().equals("host")
                                ? Optional.empty()
                                : Optional.of("/netns/" + attach.containerId()),
                        List.of(
                                new NetworkResult.Interface(
                                        "eth0", "10.88.0.2/16", "10.88.0.1", "02:00", "veth1")),
                        attach.ports(),
                        "/net/resolv.conf",
                        "/net/hosts",
                        "/net/hostname",
                        step("network-svc", "ip link add"));
            }
            case NetworkOperation.Detach detach -> done(attachments.remove(detach.containerId()));
            case NetworkOperation.Networks networks -> new NetworkResult.Networks(List.of());
            default -> throw FaultException.of(FaultCode.UNSUPPORTED, "not faked");
        };
    }

    private Object cgroup(CgroupOperation<?> operation) {
        return switch (operation) {
            case CgroupOperation.Create create -> {
                if (!create.planOnly()) {
                    cgroups.add(create.id());
                }
                yield new CgroupResult.Created(
                        new CgroupResult.Placement(
                                CgroupResult.Mode.V2,
                                Optional.of("/sys/fs/cgroup/gantry/" + create.id()),
                                List.of(),
                                List.of()),
                        step("cgroup-svc", "mkdir"));
            }
            case CgroupOperation.Delete delete -> done(cgroups.remove(delete.id()));
            case CgroupOperation.Freeze freeze -> done(frozen.add(freeze.id()));
            case CgroupOperation.Thaw thaw -> done(frozen.remove(thaw.id()));
            case CgroupOperation.Update update -> Done.nothing();
            case CgroupOperation.Stats stats ->
                    Json.mapper()
                            .convertValue(
                                    Map.of(
                                            "id", stats.id(),
                                            "timeNanos", 1,
                                            "memoryLimitBytes", 100_000_000,
                                            "memoryPeakBytes", 99_900_000,
                                            "oomKills", oomKills),
                                    CgroupResult.Usage.class);
            case CgroupOperation.Processes p ->
                    new CgroupResult.ProcessList(
                            p.id(), List.of(ProcessHandle.current().pid(), 4_000_000_000L));
            case CgroupOperation.Kill kill -> Done.nothing();
            case CgroupOperation.Probe probe ->
                    new CgroupResult.Host(CgroupResult.Mode.V2, "/sys/fs/cgroup", Map.of());
        };
    }

    private static Object seccomp(SeccompOperation<?> operation) {
        return switch (operation) {
            case SeccompOperation.Compile compile ->
                    new SeccompResult.Program(
                            "d", new byte[8], 0, 1, List.of(), step("seccomp-svc", "compile"));
            case SeccompOperation.Profiles profiles ->
                    new SeccompResult.Support(true, List.of(), List.of(), Map.of());
            case SeccompOperation.Explain e ->
                    throw FaultException.of(FaultCode.UNSUPPORTED, "not faked");
        };
    }

    private Object namespace(NamespaceOperation<?> operation) {
        return switch (operation) {
            case NamespaceOperation.Create create -> {
                created.put(create.id(), create);
                if (create.planOnly()) {
                    yield new NamespaceResult.Created(
                            create.id(), 0, "", step("launcher", "clone"));
                }
                long pid = pids.incrementAndGet();
                processes.put(
                        create.id(), new State(create.id(), Status.CREATED, pid, Optional.empty()));
                yield new NamespaceResult.Created(create.id(), pid, "/run/attach", List.of());
            }
            case NamespaceOperation.Run run -> {
                var made = (NamespaceResult.Created) namespace(run.create());
                try {
                    namespace(new NamespaceOperation.Start(run.create().id()));
                    yield new NamespaceResult.Ran(made, Optional.empty());
                } catch (FaultException e) {
                    yield new NamespaceResult.Ran(made, Optional.of(e.fault()));
                }
            }
            case NamespaceOperation.Start start -> {
                var state = running(start.id());
                if (commandIsMissing) {
                    exit(start.id(), 127, 0);
                    throw FaultException.kernel(FaultCode.NOT_FOUND, "ENOENT", "execve sh");
                }
                processes.put(
                        start.id(),
                        new State(start.id(), Status.RUNNING, state.pid(), Optional.empty()));
                yield new NamespaceResult.Started(start.id(), state.pid());
            }
            case NamespaceOperation.Signal signal -> {
                running(signal.id());
                if (signal.signal() == 9 || signal.signal() == 15 && !ignoresTerm) {
                    exit(signal.id(), 128 + signal.signal(), signal.signal());
                }
                yield Done.nothing();
            }
            case NamespaceOperation.Exec exec ->
                    new NamespaceResult.Created(
                            exec.id(), pids.incrementAndGet(), "/run/exec", List.of());
            case NamespaceOperation.Resize resize -> Done.nothing();
            case NamespaceOperation.State state -> running(state.id());
            case NamespaceOperation.Explain explain ->
                    new NamespaceResult.Explanation(
                            explain.id(),
                            running(explain.id()).status() == Status.CREATED
                                    ? step("launcher", "clone")
                                    : step("launcher", "execve"));
            case NamespaceOperation.ExecState state ->
                    new State(
                            state.id(),
                            Status.STOPPED,
                            1,
                            Optional.of(new Exit(5, 0, 1_000_000_000L)));
            case NamespaceOperation.ListAll list ->
                    new NamespaceResult.States(List.copyOf(processes.values()));
            case NamespaceOperation.Delete delete -> done(processes.remove(delete.id()) != null);
        };
    }

    private State running(String id) {
        var state = processes.get(id);
        if (state == null) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no such container: %s", id);
        }
        return state;
    }

    private static Done done(boolean any) {
        return Done.nothing();
    }

    private static List<PlanStep> step(String service, String operation) {
        return List.of(PlanStep.planned(service, operation, "", operation));
    }

    @Override
    public void close() {
        closed.countDown();
        registrations.forEach(Registration::close);
    }
}
