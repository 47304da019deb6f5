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
import java.util.Optional;

/** {@code cpu} of v1: shares and the quota of the fair scheduler. */
public final class Cpu implements Controller {
    public static final String SHARES = "cpu.shares";
    public static final String QUOTA = "cpu.cfs_quota_us";
    public static final String PERIOD = "cpu.cfs_period_us";
    public static final String IDLE = "cpu.idle";
    private static final String STAT = "cpu.stat";
    private static final long DEFAULT_PERIOD = 100_000;

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
        settings.addAll(bandwidth(cpu, group));
        return settings;
    }

    /**
     * The kernel compares the share of time with that of the group above at every write: whichever
     * order asks for less in between is taken.
     */
    private static List<Setting> bandwidth(LinuxResources.Cpu cpu, Group group) {
        var period = cpu.period().map(micros -> new Setting(group.require(PERIOD), "" + micros));
        var quota = cpu.quota().map(micros -> new Setting(group.require(QUOTA), "" + micros));
        double quotaFirst =
                share(cpu.quota().orElse(-1L), group.number(PERIOD).orElse(DEFAULT_PERIOD));
        double periodFirst =
                share(group.number(QUOTA).orElse(-1L), cpu.period().orElse(DEFAULT_PERIOD));
        var order = quotaFirst < periodFirst ? List.of(quota, period) : List.of(period, quota);
        return order.stream().flatMap(Optional::stream).toList();
    }

    /** Without a quota a group asks for nothing of its own. */
    private static double share(long quota, long period) {
        return quota < 0 ? 0 : (double) quota / period;
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        usage.throttledNanos =
                group.read(STAT).flatMap(text -> Numbers.keyed(text, "throttled_time"));
    }
}
