package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The mounts of a container, in the order of the configuration, as that says they must be. */
final class Mounts {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    /** Each of these is a v1 controller; another directory there is a named hierarchy. */
    private static final Set<String> CONTROLLERS =
            Set.of(
                    "cpu",
                    "cpuacct",
                    "cpuset",
                    "memory",
                    "devices",
                    "freezer",
                    "blkio",
                    "pids",
                    "net_cls",
                    "net_prio",
                    "perf_event",
                    "hugetlb",
                    "rdma",
                    "misc");

    private final OciSpec spec;
    private final Optional<Placement> cgroup;
    private final LinuxNamespaces namespaces;

    private Mounts(OciSpec spec, Optional<Placement> cgroup, LinuxNamespaces namespaces) {
        this.spec = spec;
        this.cgroup = cgroup;
        this.namespaces = namespaces;
    }

    /** The operations of all mounts. */
    static List<PlanOp> operations(
            OciSpec spec, Optional<Placement> cgroup, LinuxNamespaces namespaces) {
        var all = new Mounts(spec, cgroup, namespaces);
        return spec.mounts().stream().flatMap(mount -> all.operations(mount).stream()).toList();
    }

    private List<PlanOp> operations(OciMount mount) {
        Paths.checkInside("mount destination", mount.destination());
        var options = MountOptions.parse(mount);
        String type = options.bind() ? "bind" : mount.type();
        if (!FileSystems.known(type)) {
            throw FaultException.invalid(
                    "mount on %s: unknown type %s",
                    Names.quote(mount.destination()), Names.quote(type));
        }
        boolean hosts =
                type.equals("bind")
                        && mount.source().equals("/proc")
                        && (namespaces.own() & LinuxNamespaces.NEWPID) == 0;
        if (mount.destination().equals("/proc") && !type.equals("proc") && !hosts) {
            // row 5: whoever controls /proc controls what later steps write through it
            throw FaultException.invalid(
                    "mount %s on /proc: only proc itself can be there, or the host's with its pids",
                    type);
        }
        return switch (type) {
            case "bind" -> List.of(bind(mount, options));
            case "cgroup" -> cgroup(mount, options);
            case "cgroup2" -> List.of(unified(mount.destination(), placement(mount), options));
            default -> fresh(mount, type, options);
        };
    }

    /** One in which more is to be made becomes read-only when that is done. */
    private List<PlanOp> fresh(OciMount mount, String type, MountOptions options) {
        boolean later = (options.here().set() & MountOptions.RDONLY) != 0 && holdsMore(mount);
        var made =
                new PlanOp.Mount(
                        type,
                        mount.source().isEmpty() ? type : mount.source(),
                        mount.destination(),
                        later ? options.without(MountOptions.RDONLY) : options);
        return later
                ? List.of(made, new PlanOp.Readonly(mount.destination(), true))
                : List.of(made);
    }

    private boolean holdsMore(OciMount mount) {
        var place = Path.of(mount.destination());
        var after =
                spec
                        .mounts()
                        .subList(spec.mounts().indexOf(mount) + 1, spec.mounts().size())
                        .stream()
                        .map(other -> Path.of(other.destination()))
                        .filter(other -> other.startsWith(place))
                        .toList();
        return !after.contains(place) && (!after.isEmpty() || place.equals(Path.of("/dev")));
    }

    private boolean userNamespace() {
        return (namespaces.own() & LinuxNamespaces.NEWUSER) != 0;
    }

    private PlanOp bind(OciMount mount, MountOptions options) {
        Paths.check("bind source", mount.source());
        boolean shared = options.propagation() == MountOptions.MS_SHARED;
        if (shared && userNamespace()) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "mount on %s: a user namespace shares no mounts with the host, use rslave",
                    Names.quote(mount.destination()));
        }
        var uids = mount.uidMappings();
        var gids = mount.gidMappings();
        if (uids.isEmpty() && gids.isEmpty() && options.idMap() != MountOptions.IdMap.NONE) {
            uids = spec.uidMappings();
            gids = spec.gidMappings();
            boolean made = (namespaces.made() & LinuxNamespaces.NEWUSER) != 0;
            if (!made || uids.isEmpty() || gids.isEmpty()) {
                throw FaultException.invalid(
                        "mount on %s: idmap has no maps, neither its own nor the container's",
                        Names.quote(mount.destination()));
            }
        }
        if (!uids.isEmpty() || !gids.isEmpty()) {
            String what = "mounts[" + mount.destination() + "].";
            uids = IdMaps.check(what + "uid", uids);
            gids = IdMaps.check(what + "gid", gids);
        }
        return new PlanOp.Mount(
                "bind", mount.source(), mount.destination(), options.forBind(), uids, gids);
    }

    private Placement placement(OciMount mount) {
        return cgroup.orElseThrow(
                () ->
                        FaultException.invalid(
                                "mount cgroup on %s: the container has no cgroup",
                                Names.quote(mount.destination())));
    }

    /**
     * The container's own view of its cgroups: cgroup2 where the host has that alone; else a tmpfs
     * with a directory for each v1 hierarchy, as cgroups(7) describes. In a cgroup namespace of its
     * own it is the file system, whose root is then the container's cgroup; without one the root
     * would be the host's, so that the container's directory is bound instead.
     */
    private List<PlanOp> cgroup(OciMount mount, MountOptions options) {
        var placement = placement(mount);
        String place = mount.destination();
        if (placement.mode() == Mode.V2) {
            return List.of(unified(place, placement, options));
        }
        var out = new ArrayList<PlanOp>();
        boolean readonly = (options.here().set() & MountOptions.RDONLY) != 0;
        var each = options.without(MountOptions.RDONLY);
        out.add(
                new PlanOp.Mount(
                        "tmpfs",
                        "tmpfs",
                        place,
                        each.withData(
                                List.of(
                                        new PlanOp.Option("mode", "755"),
                                        new PlanOp.Option("size", "64k")))));
        for (String path : placement.v1Paths()) {
            String hierarchy = hierarchy(path);
            var options1 = each.withData(hierarchyOptions(hierarchy));
            out.add(view("cgroup", path, place + "/" + hierarchy, options1));
            for (String alias : aliases(hierarchy)) {
                out.add(new PlanOp.Symlink(hierarchy, place + "/" + alias));
            }
        }
        if (placement.unifiedPath().isPresent()) {
            out.add(unified(place + "/unified", placement, each));
        }
        if (readonly) {
            out.add(new PlanOp.Readonly(place, false));
        }
        return out;
    }

    private PlanOp unified(String place, Placement placement, MountOptions options) {
        String path =
                placement
                        .unifiedPath()
                        .orElseThrow(
                                () ->
                                        FaultException.invalid(
                                                "mount cgroup2 on %s: the container is in none",
                                                Names.quote(place)));
        return view("cgroup2", path, place, options);
    }

    private PlanOp view(String type, String path, String place, MountOptions options) {
        if ((namespaces.own() & LinuxNamespaces.NEWCGROUP) != 0) {
            return new PlanOp.Mount(type, "cgroup", place, options);
        }
        Paths.check("cgroup directory", path);
        return new PlanOp.Mount("bind", path, place, options.withData(List.of()).forBind());
    }

    private static String hierarchy(String path) {
        var plain = Path.of(path);
        if (!plain.startsWith(CGROUPS) || plain.getNameCount() <= CGROUPS.getNameCount()) {
            throw FaultException.invalid(
                    "cgroup placement: %s is not below %s", Names.quote(path), CGROUPS);
        }
        return plain.getName(CGROUPS.getNameCount()).toString();
    }

    private static List<String> aliases(String hierarchy) {
        return hierarchy.contains(",") ? List.of(hierarchy.split(",")) : List.of();
    }

    private static List<PlanOp.Option> hierarchyOptions(String hierarchy) {
        var parts = List.of(hierarchy.split(","));
        if (CONTROLLERS.containsAll(parts)) {
            return parts.stream().map(part -> new PlanOp.Option(part, "")).toList();
        }
        return List.of(new PlanOp.Option("none", ""), new PlanOp.Option("name", hierarchy));
    }
}
