package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultException;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The mounts of a container, in the order of the configuration, as that says they must be. */
final class Mounts {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final Set<String> TYPES =
            Set.of("bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "overlay");

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

    private Mounts() {}

    static List<PlanOp> operations(List<OciMount> mounts, Optional<Placement> cgroup) {
        var out = new ArrayList<PlanOp>();
        for (var mount : mounts) {
            Paths.checkInside("mount destination", mount.destination());
            var options = MountOptions.parse(mount);
            String type = type(mount, options);
            if (mount.destination().equals("/proc") && !type.equals("proc")) {
                // row 5: whoever controls /proc controls what later steps write through it
                throw FaultException.invalid(
                        "mount %s on /proc: only proc itself can be there", type);
            }
            switch (type) {
                case "bind" -> out.add(bind(mount, options));
                case "cgroup" -> out.addAll(cgroup(mount, options, cgroup));
                default ->
                        out.add(
                                new PlanOp.Mount(
                                        type,
                                        mount.source().isEmpty() ? type : mount.source(),
                                        mount.destination(),
                                        options,
                                        false));
            }
        }
        return out;
    }

    private static String type(OciMount mount, MountOptions options) {
        String type = options.bind() ? "bind" : mount.type();
        if (!TYPES.contains(type)) {
            throw FaultException.invalid(
                    "mount on %s: unknown type %s",
                    Names.quote(mount.destination()), Names.quote(type));
        }
        return type;
    }

    private static PlanOp bind(OciMount mount, MountOptions options) {
        Paths.check("bind source", mount.source());
        boolean plain = options.set() == 0 && options.clear() == 0;
        int propagation =
                options.propagation() == 0 ? MountOptions.MS_PRIVATE : options.propagation();
        // with no attribute to change, "recursive" counts for the propagation alone
        var whole =
                new MountOptions(
                        options.set(),
                        options.clear(),
                        propagation,
                        true,
                        options.recursive(),
                        options.attributesRecursive() || plain && options.recursive(),
                        List.of());
        return new PlanOp.Mount("bind", mount.source(), mount.destination(), whole, false);
    }

    /**
     * The container's own view of its cgroups: cgroup2 where the host has that alone; else a tmpfs
     * with a directory for each v1 hierarchy, as cgroups(7) describes. It needs an own cgroup
     * namespace to be a view of its own.
     */
    private static List<PlanOp> cgroup(
            OciMount mount, MountOptions options, Optional<Placement> cgroup) {
        var placement =
                cgroup.orElseThrow(
                        () ->
                                FaultException.invalid(
                                        "mount cgroup on %s: the container has no cgroup",
                                        Names.quote(mount.destination())));
        if (placement.mode() == Mode.V2) {
            return List.of(
                    new PlanOp.Mount("cgroup2", "cgroup", mount.destination(), options, false));
        }
        var out = new ArrayList<PlanOp>();
        boolean readonly = (options.set() & MountOptions.RDONLY) != 0;
        long set = options.set() & ~MountOptions.RDONLY;
        var each = new MountOptions(set, 0, 0, false, false, false, List.of());
        out.add(
                new PlanOp.Mount(
                        "tmpfs",
                        "tmpfs",
                        mount.destination(),
                        each.withData(
                                List.of(
                                        new PlanOp.Option("mode", "755"),
                                        new PlanOp.Option("size", "64k"))),
                        false));
        for (String path : placement.v1Paths()) {
            String hierarchy = hierarchy(path);
            out.add(
                    new PlanOp.Mount(
                            "cgroup",
                            "cgroup",
                            mount.destination() + "/" + hierarchy,
                            each.withData(hierarchyOptions(hierarchy)),
                            false));
            for (String alias : aliases(hierarchy)) {
                out.add(new PlanOp.Symlink(hierarchy, mount.destination() + "/" + alias));
            }
        }
        if (placement.unifiedPath().isPresent()) {
            out.add(
                    new PlanOp.Mount(
                            "cgroup2", "cgroup", mount.destination() + "/unified", each, false));
        }
        if (readonly) {
            out.add(new PlanOp.Readonly(mount.destination()));
        }
        return out;
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
