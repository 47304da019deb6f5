package dev.gantry.cgroup.v1;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.CpuLimits;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;

/** {@code cpu} of v1: shares and the quota of the fair scheduler. */
public final class Cpu implements Controller {
    public static final String SHARES = "cpu.shares";
    public static final String QUOTA = "cpu.cfs_quota_us";
    public static final String PERIOD = "cpu.cfs_period_us";
    public static final String IDLE = "cpu.idle";
    private static final String STAT = "cpu.stat";

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return resources.cpu().map(cpu -> settings(cpu, group)).orElse(List.of());
    }

    private static List<Setting> settings(LinuxResources.Cpu cpu, Group group) {
        CpuLimits.check(cpu);
        var settings = new ArrayList<Setting>();
        // An idle group takes no shares (EINVAL): leave idle before, enter it after them.
        cpu.idle()
                .filter(idle -> idle == 0)
                .ifPresent(idle -> settings.add(new Setting(group.require(IDLE), "0")));
        cpu.shares()
                .ifPresent(
                        shares ->
                                settings.add(
                                        new Setting(group.require(SHARES), shares.toString())));
        cpu.idle()
                .filter(idle -> idle == 1)
                .ifPresent(idle -> settings.add(new Setting(group.require(IDLE), "1")));
        cpu.period()
                .ifPresent(
                        period ->
                                settings.add(
                                        new Setting(group.require(PERIOD), period.toString())));
        cpu.quota()
                .ifPresent(
                        quota -> settings.add(new Setting(group.require(QUOTA), quota.toString())));
        return settings;
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        usage.throttledNanos =
                group.read(STAT).flatMap(text -> Numbers.keyed(text, "throttled_time"));
    }
}
