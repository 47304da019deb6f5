package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.container.ExecSpec;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciProcess.ConsoleSize;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.Device;
import dev.gantry.bus.contract.oci.OciSpec.Namespace;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.Signals;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Translates what a client asked for, and what the image defaults to, into the OCI runtime
 * configuration. Pure: it reads no file of the container and asks no service.
 */
public final class SpecBuilder {
    /** Type of a mount that shows an image. */
    public static final String IMAGE = "image";

    /** Option of a volume's mount: it is not filled from the image. */
    public static final String NO_COPY = "nocopy";

    private static final int DEVICE_MODE = 0666;

    private SpecBuilder() {}

    /** Refuses what can be seen to be wrong before anything is made. */
    public static void check(ContainerSpec spec) {
        capabilities(spec);
        ResourceLimits.rlimits(spec.ulimits());
        ResourceLimits.resources(spec, spec.resources());
        spec.stopSignal().ifPresent(Signals::number);
        new Environment().with(spec.env());
        spec.hostname().ifPresent(SpecBuilder::checkHostname);
        spec.mounts().forEach(mount -> MountPlan.place(mount.destination()));
        spec.workdir().ifPresent(SpecBuilder::absolute);
        if (spec.seccompUnconfined() && spec.seccomp().isPresent()) {
            throw FaultException.invalid(
                    "a seccomp profile and seccomp=unconfined exclude each other");
        }
        if (spec.command().stream().anyMatch(a -> a.indexOf('\0') >= 0)) {
            throw FaultException.invalid("the command has a NUL character in it");
        }
    }

    /** The capabilities ({@code CAP_…}) that bound the container. */
    public static List<String> capabilities(ContainerSpec spec) {
        return CapabilitySet.of(spec.capAdd(), spec.capDrop());
    }

    /**
     * Where volumes of the container's own go, sorted: where the client asked for one, and where
     * the image does and the client asked for no mount.
     */
    public static List<String> volumePlaces(ContainerSpec spec, ImageConfig image) {
        if (spec.withoutVolumes()) {
            return List.of();
        }
        var taken =
                spec.mounts().stream()
                        .filter(mount -> !isAnonymous(mount))
                        .map(mount -> place(mount.destination()))
                        .toList();
        var asked = spec.mounts().stream().filter(SpecBuilder::isAnonymous);
        return Stream.concat(asked.map(OciMount::destination), image.volumes().stream())
                .map(MountPlan::place)
                .filter(place -> !taken.contains(place))
                .distinct()
                .sorted()
                .toList();
    }

    /** Whether a mount is of a volume that is to be made for this container. */
    public static boolean isAnonymous(OciMount mount) {
        return mount.type().equals("volume") && mount.source().isEmpty();
    }

    /** A mount's destination without needless slashes; a fault if it is refused. */
    public static String place(String destination) {
        return MountPlan.place(destination);
    }

    /** What cgroup-svc is to enforce. */
    public static LinuxResources resources(ContainerSpec spec, LinuxResources limits) {
        return ResourceLimits.resources(spec, limits);
    }

    /**
     * The configuration of a container.
     *
     * @param netns its network namespace; empty: the host's
     * @param hostname of the container
     * @param mounts those asked for, and those of the image's volumes
     * @param sources where volumes and images lie
     */
    public static OciSpec build(
            ContainerSpec spec,
            Prepared storage,
            Attached network,
            Optional<Namespace> netns,
            String hostname,
            List<OciMount> mounts,
            MountSources sources) {
        var image = storage.image().config();
        var identity =
                new UserDatabase(storage.passwd(), storage.group())
                        .resolve(spec.user().orElse(image.user()), spec.groupAdd());
        var environment =
                new Environment()
                        .orElse("PATH", Environment.PATH)
                        .with(List.of("HOSTNAME=" + hostname));
        if (spec.tty()) {
            environment.orElse("TERM", "xterm");
        }
        environment.with(image.env()).with(spec.env()).orElse("HOME", identity.home());
        var process =
                new OciProcess(
                        spec.tty(),
                        console(spec.ttyRows(), spec.ttyColumns()),
                        identity.user(),
                        arguments(spec, image),
                        environment.entries(),
                        workdir(spec.workdir().orElse(image.workingDir())),
                        CapabilitySet.sets(capabilities(spec), identity.user().uid()),
                        ResourceLimits.rlimits(spec.ulimits()),
                        spec.noNewPrivileges(),
                        spec.oomScoreAdj());
        return new OciSpec(
                process,
                spec.readOnly(),
                hostname,
                "",
                MountPlan.mounts(spec, mounts, network, sources),
                namespaces(netns),
                List.of(),
                List.of(),
                devices(spec),
                sysctls(spec, netns),
                ProtectedPaths.MASKED,
                ProtectedPaths.READ_ONLY,
                "");
    }

    /**
     * A further process of a running container: what the exec asks for, else as its init.
     *
     * @param storage the image's user files; needed where the exec names a user
     */
    public static OciProcess exec(
            ExecSpec exec, ContainerSpec spec, OciProcess init, Optional<Prepared> storage) {
        var user = init.user();
        var environment = new Environment().with(init.env());
        if (exec.user().isPresent()) {
            var files = storage.orElseThrow();
            var identity =
                    new UserDatabase(files.passwd(), files.group())
                            .resolve(exec.user().get(), spec.groupAdd());
            user = identity.user();
            environment.with(List.of("HOME=" + identity.home()));
        }
        if (exec.tty()) {
            environment.orElse("TERM", "xterm");
        }
        return new OciProcess(
                exec.tty(),
                console(exec.ttyRows(), exec.ttyColumns()),
                user,
                exec.command(),
                environment.with(exec.env()).entries(),
                exec.workdir().map(SpecBuilder::absolute).orElse(init.cwd()),
                CapabilitySet.sets(capabilities(spec), user.uid()),
                init.rlimits(),
                init.noNewPrivileges(),
                init.oomScoreAdj());
    }

    private static List<String> arguments(ContainerSpec spec, ImageConfig image) {
        var entrypoint = spec.entrypoint().orElse(image.entrypoint());
        entrypoint = entrypoint.stream().filter(part -> !part.isEmpty()).toList();
        // The image's cmd are arguments for the image's entrypoint, so another one drops them.
        var command =
                spec.command().isEmpty() && spec.entrypoint().isEmpty()
                        ? image.cmd()
                        : spec.command();
        var all = new ArrayList<>(entrypoint);
        all.addAll(command);
        if (all.isEmpty()) {
            throw FaultException.invalid(
                    "no command: none was given and image %s has neither entrypoint nor cmd",
                    spec.image());
        }
        return List.copyOf(all);
    }

    private static Optional<ConsoleSize> console(Optional<Integer> rows, Optional<Integer> cols) {
        return rows.flatMap(r -> cols.map(c -> new ConsoleSize(r, c)));
    }

    private static String workdir(String asked) {
        return asked.isEmpty() ? "/" : absolute(asked);
    }

    private static String absolute(String path) {
        if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
            throw FaultException.invalid(
                    "working directory %s is not an absolute path", Names.quote(path));
        }
        return path;
    }

    private static void checkHostname(String name) {
        if (!name.matches("[a-zA-Z0-9]([a-zA-Z0-9.-]{0,61}[a-zA-Z0-9])?")) {
            throw FaultException.invalid(
                    "hostname %s is not 1 to 63 characters [a-zA-Z0-9.-]", Names.quote(name));
        }
    }

    private static List<Namespace> namespaces(Optional<Namespace> netns) {
        var all = new ArrayList<Namespace>();
        for (var type : List.of("pid", "mount", "ipc", "uts", "cgroup")) {
            all.add(new Namespace(type, Optional.empty()));
        }
        netns.ifPresent(all::add);
        return List.copyOf(all);
    }

    private static List<Device> devices(ContainerSpec spec) {
        var all = new LinkedHashMap<String, Device>();
        device(all, "/dev/null", 1, 3);
        device(all, "/dev/zero", 1, 5);
        device(all, "/dev/full", 1, 7);
        device(all, "/dev/random", 1, 8);
        device(all, "/dev/urandom", 1, 9);
        device(all, "/dev/tty", 5, 0);
        for (var device : spec.devices()) {
            all.put(MountPlan.place(device.path()), device);
        }
        return List.copyOf(all.values());
    }

    private static void device(Map<String, Device> all, String path, long major, long minor) {
        all.put(
                path,
                new Device(
                        "c",
                        path,
                        major,
                        minor,
                        Optional.of(DEVICE_MODE),
                        Optional.of(0L),
                        Optional.of(0L)));
    }

    private static Map<String, String> sysctls(ContainerSpec spec, Optional<Namespace> netns) {
        var all = new LinkedHashMap<String, String>();
        // As Docker: in a network of its own, any user may bind low ports and send echo requests.
        boolean shared = JoinedNetwork.container(spec.network()).isPresent();
        if (netns.isPresent() && !shared) {
            all.put("net.ipv4.ip_unprivileged_port_start", "0");
            all.put("net.ipv4.ping_group_range", "0 2147483647");
        }
        all.putAll(spec.sysctls());
        return all;
    }
}
