package dev.gantry.cgroup.v2;

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

/** {@code cpu} of v2 (cgroup-v2.rst, CPU). */
public final class Cpu implements Controller {
    public static final String MAX = "cpu.max";
    public static final String WEIGHT = "cpu.weight";
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
        // An idle group takes no weight (EINVAL): leave idle before, enter it after.
        cpu.idle()
                .filter(idle -> idle == 0)
                .ifPresent(idle -> settings.add(new Setting(group.require(IDLE), "0")));
        cpu.shares()
                .ifPresent(
                        shares ->
                                settings.add(
                                        new Setting(
                                                group.require(WEIGHT),
                                                Long.toString(weight(shares)))));
        cpu.idle()
                .filter(idle -> idle == 1)
                .ifPresent(idle -> settings.add(new Setting(group.require(IDLE), "1")));
        if (cpu.quota().isPresent() || cpu.period().isPresent()) {
            settings.add(new Setting(group.require(MAX), max(cpu, group)));
        }
        return settings;
    }

    /** {@code QUOTA PERIOD}; the part that is not named stays what it is. */
    private static String max(LinuxResources.Cpu cpu, Group group) {
        var inForce = group.read(MAX).map(text -> text.split(" ")).filter(max -> max.length == 2);
        var quota = cpu.quota().map(Numbers::orMax).or(() -> inForce.map(max -> max[0]));
        var period = cpu.period().map(Object::toString).or(() -> inForce.map(max -> max[1]));
        return quota.orElse("max") + " " + period.orElse(CpuLimits.DEFAULT_PERIOD + "");
    }

    /**
     * v1 shares 2..262144 to v2 weight 1..10000 so that the least, the default (1024 to 100) and
     * the greatest meet: the quadratic that crun and runc agreed on, 10^((log₂² shares + 125 log₂
     * shares) / 612 − 7 / 34), rounded up.
     */
    static long weight(long shares) {
        if (shares <= 2) {
            return 1;
        }
        if (shares >= 262_144) {
            return 10_000;
        }
        double log = Math.log(shares) / Math.log(2);
        return (long) Math.ceil(Math.pow(10, (log * log + 125 * log) / 612.0 - 7.0 / 34.0));
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        group.read(STAT)
                .ifPresent(
                        text -> {
                            usage.cpuNanos = nanos(text, "usage_usec");
                            usage.cpuUserNanos = nanos(text, "user_usec");
                            usage.cpuSystemNanos = nanos(text, "system_usec");
                            usage.throttledNanos = nanos(text, "throttled_usec");
                        });
    }

    private static Optional<Long> nanos(String text, String key) {
        return Numbers.keyed(text, key).map(micros -> micros * 1_000);
    }
}
