package dev.gantry.cgroup.v1;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.List;

/** {@code cpuacct} of v1: it only counts, in nanoseconds. */
public final class Cpuacct implements Controller {
    @Override
    public String name() {
        return "cpuacct";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return List.of();
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        usage.cpuNanos = group.number("cpuacct.usage");
        usage.cpuUserNanos = group.number("cpuacct.usage_user");
        usage.cpuSystemNanos = group.number("cpuacct.usage_sys");
    }
}
