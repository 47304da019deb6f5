package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.DeviceRule;
import dev.gantry.bus.contract.oci.OciProcess.Rlimit;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** What a container may use: rlimits by the names of getrlimit(2), and devices it asked for. */
final class ResourceLimits {
    private static final Set<String> RLIMITS =
            Set.of(
                    "AS",
                    "CORE",
                    "CPU",
                    "DATA",
                    "FSIZE",
                    "LOCKS",
                    "MEMLOCK",
                    "MSGQUEUE",
                    "NICE",
                    "NOFILE",
                    "NPROC",
                    "RSS",
                    "RTPRIO",
                    "RTTIME",
                    "SIGPENDING",
                    "STACK");

    private ResourceLimits() {}

    /** The limits with their full names; a soft one above its hard one is refused. */
    static List<Rlimit> rlimits(List<Rlimit> asked) {
        var seen = new java.util.HashSet<String>();
        var out = new ArrayList<Rlimit>();
        for (var limit : asked) {
            var word =
                    limit.type() == null
                            ? ""
                            : limit.type().toUpperCase(Locale.ROOT).replaceFirst("^RLIMIT_", "");
            if (!RLIMITS.contains(word)) {
                throw FaultException.invalid(
                        "%s is not a limit of getrlimit(2)", Names.quote(limit.type()));
            }
            if (limit.soft() < -1 || limit.hard() < -1) {
                throw FaultException.invalid(
                        "ulimit %s=%d:%d is below -1 (no limit)",
                        limit.type(), limit.soft(), limit.hard());
            }
            // Unsigned: -1, no limit, is above all others.
            if (Long.compareUnsigned(limit.soft(), limit.hard()) > 0) {
                throw FaultException.invalid(
                        "ulimit %s=%d:%d has its soft limit above the hard one",
                        limit.type(), limit.soft(), limit.hard());
            }
            if (!seen.add(word)) {
                throw FaultException.invalid("ulimit %s is given twice", limit.type());
            }
            out.add(new Rlimit("RLIMIT_" + word, limit.soft(), limit.hard()));
        }
        return List.copyOf(out);
    }

    /** The resources for cgroup-svc: as asked for, with the devices of the spec allowed. */
    static LinuxResources resources(ContainerSpec spec, LinuxResources limits) {
        if (spec.devices().isEmpty()) {
            return limits;
        }
        var rules = new ArrayList<>(limits.devices());
        for (var device : spec.devices()) {
            var type = device.type() == null ? "" : device.type();
            switch (type) {
                case "c", "b" ->
                        rules.add(
                                new DeviceRule(
                                        true,
                                        type,
                                        Optional.of(device.major()),
                                        Optional.of(device.minor()),
                                        "rwm"));
                case "u" ->
                        rules.add(
                                new DeviceRule(
                                        true,
                                        "c",
                                        Optional.of(device.major()),
                                        Optional.of(device.minor()),
                                        "rwm"));
                case "p" -> {
                    // A FIFO has no number: the device list knows nothing of it.
                }
                default ->
                        throw FaultException.invalid(
                                "device %s has type %s, which is none of c, b, u, p",
                                Names.quote(device.path()), Names.quote(type));
            }
        }
        return new LinuxResources(
                limits.memory(),
                limits.cpu(),
                limits.pids(),
                limits.blockIO(),
                rules,
                limits.unified());
    }
}
