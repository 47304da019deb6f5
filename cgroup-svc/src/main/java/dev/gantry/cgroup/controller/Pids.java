package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultException;

import java.util.List;

/** {@code pids}: the same files in v1 and v2. */
public abstract class Pids implements Controller {
    public static final String MAX = "pids.max";
    private static final String CURRENT = "pids.current";

    /** PID_MAX_LIMIT of a 64-bit kernel; a higher limit is EINVAL. */
    private static final long HIGHEST = 4_194_304;

    @Override
    public final String name() {
        return "pids";
    }

    @Override
    public final List<Setting> settings(LinuxResources resources, Group group) {
        return resources
                .pids()
                .map(pids -> List.of(new Setting(group.require(MAX), value(pids.limit()))))
                .orElse(List.of());
    }

    private static String value(long limit) {
        if (limit > HIGHEST) {
            throw FaultException.invalid("pids limit %d is above %d", limit, HIGHEST);
        }
        return limit <= 0 ? "max" : Long.toString(limit);
    }

    @Override
    public final void usage(Group group, UsageReading usage) {
        usage.pids = group.number(CURRENT);
        usage.pidsLimit = group.number(MAX);
    }
}
