package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciHooks.Stage;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.Device;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Compiles the launch plan of a container. Everything is checked here, before anything is done; the
 * order of the operations is what makes them safe (README, "Order of a plan").
 */
public final class ContainerPlan {
    private static final Pattern HOSTNAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    private final Create request;
    private final OciSpec spec;
    private final LinuxNamespaces namespaces;
    private final Optional<Placement> cgroup;
    private final HostLimits host;
    private final long logGid;
    private final List<PlanOp> out = new ArrayList<>(96);

    private ContainerPlan(Create request, HostLimits host, long logGid) {
        this.request = request;
        this.spec = request.spec();
        this.namespaces = LinuxNamespaces.of(spec.namespaces());
        this.cgroup = Optional.ofNullable(request.cgroup());
        this.host = host;
        this.logGid = logGid;
    }

    /**
     * The plan of a request, or a fault that names what is wrong with it.
     *
     * @param logGid group that may read the log
     */
    public static LaunchPlan compile(Create request, HostLimits host, long logGid) {
        return new ContainerPlan(request, host, logGid).compile();
    }

    /** CLONE_NEW* that a container of this configuration does not share with the host. */
    public static int ownNamespaces(OciSpec spec) {
        return LinuxNamespaces.of(spec.namespaces()).own();
    }

    /** What is told of the container, and to whom, where somebody is. */
    public static List<PlanOp> told(Create request) {
        var spec = request.spec();
        var out = new ArrayList<PlanOp>();
        var listener = Hooks.listener(spec).filter(_ -> request.seccompFilter().isPresent());
        if (!spec.hooks().none() || listener.isPresent()) {
            out.add(Hooks.state(request.id(), spec.bundle()));
        }
        listener.ifPresent(out::add);
        return out;
    }

    /** The execution domain of a configuration, as personality(2) takes it. */
    public static Optional<Long> persona(OciSpec spec) {
        return Scheduling.persona(spec);
    }

    /** The cgroup directories of a placement, in the order in which they are entered. */
    public static List<PlanOp.CgroupDir> cgroupDirs(Placement placement) {
        var dirs = new ArrayList<PlanOp.CgroupDir>();
        placement.v1Paths().forEach(path -> dirs.add(cgroupDir(1, path)));
        placement.unifiedPath().ifPresent(path -> dirs.add(cgroupDir(2, path)));
        return dirs;
    }

    private static PlanOp.CgroupDir cgroupDir(int version, String path) {
        return new PlanOp.CgroupDir(version, Paths.check("cgroup directory", path));
    }

    private LaunchPlan compile() {
        beforeClone(request.stdio());
        namespaces.entered().forEach((kind, path) -> out.add(new PlanOp.JoinPath(kind, path)));
        var mounts = Mounts.operations(spec, cgroup, namespaces);
        out.add(new PlanOp.Propagation(propagation(mounts), true));
        out.add(root(request.rootfs()));
        mounts.stream().filter(op -> !(op instanceof PlanOp.Readonly)).forEach(out::add);
        devices();
        out.addAll(Hooks.of(spec, Stage.PRESTART, Stage.CREATE_RUNTIME, Stage.CREATE_CONTAINER));
        out.add(new PlanOp.Pivot());
        mounts.stream()
                .filter(op -> op instanceof PlanOp.Readonly r && !r.alone())
                .forEach(out::add);
        inNamespaces();
        paths();
        // of an exec alone, as the specification says; but a wrong one is told now
        Scheduling.affinity(spec.process(), false);
        Scheduling.affinity(spec.process(), true);
        persona(spec).ifPresent(p -> out.add(new PlanOp.Personality(p)));
        MemoryPolicies.of(spec).ifPresent(out::add);
        out.addAll(ProcessPart.before(spec.process(), host));
        if (spec.process().terminal()) {
            out.add(ProcessPart.terminal(spec.process(), true));
        }
        // /dev among them, where nodes and the console were still to be made
        mounts.stream()
                .filter(op -> op instanceof PlanOp.Readonly r && r.alone())
                .forEach(out::add);
        out.addAll(
                ProcessPart.after(
                        spec.process(),
                        host,
                        request.seccompFilter(),
                        request.seccompFlags(),
                        request.init(),
                        true,
                        Hooks.of(spec, Stage.START_CONTAINER)));
        out.addAll(Hooks.of(spec, Stage.POSTSTART, Stage.POSTSTOP));
        return new LaunchPlan(out);
    }

    private void beforeClone(Stdio stdio) {
        out.add(new PlanOp.Id(request.id()));
        stdio.logPath()
                .ifPresent(
                        path ->
                                out.add(
                                        new PlanOp.Log(
                                                Paths.check("log", path),
                                                stdio.logMaxBytes(),
                                                Math.min(stdio.logMaxFiles(), 1000),
                                                logGid)));
        out.add(new PlanOp.Stdio(stdio.openStdin(), stdio.waitAttach(), false));
        told(request).forEach(out::add);
        cgroup.ifPresent(
                placement -> {
                    placement
                            .deviceWrites()
                            .forEach(w -> out.add(new PlanOp.CgroupWrite(w.path(), w.value())));
                    var dirs = cgroupDirs(placement);
                    if (!dirs.isEmpty()) {
                        out.add(new PlanOp.Cgroup(dirs));
                    }
                });
        out.add(new PlanOp.Namespaces(namespaces.made()));
        NamespaceSettings.timeOffsets(spec, namespaces).ifPresent(out::add);
        NamespaceSettings.userMap(spec, namespaces).ifPresent(out::add);
        ProcessPart.oomScore(spec.process(), host).ifPresent(out::add);
    }

    private boolean user() {
        return (namespaces.own() & LinuxNamespaces.NEWUSER) != 0;
    }

    private int propagation(List<PlanOp> mounts) {
        boolean slave =
                slaveRoot()
                        || mounts.stream()
                                .anyMatch(
                                        op ->
                                                op instanceof PlanOp.Mount m
                                                        && m.options().propagation()
                                                                == MountOptions.MS_SLAVE);
        return slave ? MountOptions.MS_SLAVE : MountOptions.MS_PRIVATE;
    }

    private boolean slaveRoot() {
        return List.of("slave", "rslave").contains(spec.rootfsPropagation());
    }

    private PlanOp root(Rootfs rootfs) {
        var lowers = rootfs.lowerdirs();
        Paths.check("rootfs upperdir", rootfs.upperdir());
        if (lowers.isEmpty()) {
            return new PlanOp.Rootfs(
                    false, List.of(rootfs.upperdir()), "", "", List.of(), 0, slaveRoot(), false);
        }
        lowers.forEach(dir -> Paths.check("rootfs lowerdir", dir));
        if (lowers.size() > 500) {
            throw FaultException.invalid(
                    "rootfs: lowerdir has %d layers, the kernel takes 500", lowers.size());
        }
        Paths.check("rootfs workdir", rootfs.workdir());
        var options = MountOptions.parse(new OciMount("/", "overlay", "overlay", rootfs.options()));
        return new PlanOp.Rootfs(
                true,
                lowers,
                rootfs.upperdir(),
                rootfs.workdir(),
                options.data(),
                options.here().set(),
                false,
                (namespaces.made() & LinuxNamespaces.NEWUSER) != 0);
    }

    private void devices() {
        boolean bound =
                spec.mounts().stream()
                        .anyMatch(
                                m ->
                                        m.destination().equals("/dev")
                                                && MountOptions.parse(m).bind());
        if (bound) {
            return; // the user's own /dev: nodes made there would be made on the host
        }
        Devices.complete(spec.devices()).forEach(device -> out.add(node(device)));
        out.addAll(Devices.LINKS);
        boolean pts = spec.mounts().stream().anyMatch(m -> m.destination().equals("/dev/pts"));
        if (pts) {
            out.add(new PlanOp.Symlink("pts/ptmx", "/dev/ptmx"));
        } else if (spec.process().terminal()) {
            throw FaultException.invalid("process.terminal needs a devpts mount on /dev/pts");
        }
    }

    private PlanOp node(Device device) {
        return Devices.node(device, user());
    }

    private void inNamespaces() {
        if (!spec.hostname().isEmpty()) {
            out.add(new PlanOp.Hostname(hostName("hostname", spec.hostname())));
        }
        if (!spec.domainname().isEmpty()) {
            out.add(new PlanOp.Domainname(hostName("domainname", spec.domainname())));
        }
        if ((namespaces.made() & LinuxNamespaces.NEWNET) != 0) {
            out.add(new PlanOp.LoopbackUp());
        }
        // before any mask: a fresh proc in a user namespace needs one without masks in sight
        spec.sysctl().forEach((k, v) -> out.add(Sysctls.write(k, v, namespaces.own())));
    }

    private String hostName(String what, String name) {
        if ((namespaces.own() & LinuxNamespaces.NEWUTS) == 0) {
            throw FaultException.invalid(
                    "%s %s needs a uts namespace of the container's own", what, Names.quote(name));
        }
        if (!HOSTNAME.matcher(name).matches()) {
            throw FaultException.invalid(
                    "%s %s is not 1 to 64 characters [A-Za-z0-9_.-]", what, Names.quote(name));
        }
        return name;
    }

    private void paths() {
        spec.maskedPaths()
                .forEach(p -> out.add(new PlanOp.Mask(Paths.checkInside("masked path", p))));
        spec.readonlyPaths()
                .forEach(
                        p ->
                                out.add(
                                        new PlanOp.Readonly(
                                                Paths.checkInside("readonly path", p), false)));
        String cwd = spec.process().cwd();
        if (!cwd.equals("/")) {
            // as Docker does; beneath the root, whatever its symlinks say (row 6)
            out.add(new PlanOp.Mkdir(Paths.checkInside("process.cwd", cwd), 0755, 0, 0));
        }
        if (spec.rootReadonly()) {
            out.add(new PlanOp.ReadonlyRoot());
        }
        switch (spec.rootfsPropagation()) {
            case "", "private", "rprivate", "slave", "rslave" -> {
                // said before the root was made
            }
            case "shared", "rshared", "unbindable", "runbindable" -> {
                boolean all = spec.rootfsPropagation().startsWith("r");
                boolean shared = spec.rootfsPropagation().endsWith("shared");
                int type = shared ? MountOptions.MS_SHARED : MountOptions.MS_UNBINDABLE;
                out.add(new PlanOp.Propagation(type, all));
            }
            default ->
                    throw FaultException.invalid(
                            "linux.rootfsPropagation: unknown value %s",
                            Names.quote(spec.rootfsPropagation()));
        }
    }
}
