package dev.gantry.cgroup.v2;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.MemoryLimits;
import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;

/** {@code memory} of v2 (cgroup-v2.rst, Memory). */
public final class Memory implements Controller {
    public static final String MAX = "memory.max";
    public static final String SWAP_MAX = "memory.swap.max";
    public static final String LOW = "memory.low";
    public static final String EVENTS = "memory.events";

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return resources.memory().map(memory -> settings(memory, group)).orElse(List.of());
    }

    private static List<Setting> settings(LinuxResources.Memory memory, Group group) {
        MemoryLimits.check(memory, group.number(MAX));
        refuse("swappiness", memory.swappiness().isPresent());
        refuse("disableOOMKiller", memory.disableOOMKiller().orElse(false));
        var settings = new ArrayList<Setting>();
        // Swap first: a limit that is lowered may swap out, and only as far as it is allowed to.
        memory.swap()
                .ifPresent(
                        total ->
                                settings.add(
                                        new Setting(
                                                group.require(SWAP_MAX),
                                                Numbers.orMax(swap(total, memory, group)))));
        memory.limit()
                .ifPresent(
                        bytes ->
                                settings.add(
                                        new Setting(group.require(MAX), Numbers.orMax(bytes))));
        memory.reservation()
                .ifPresent(
                        bytes ->
                                settings.add(
                                        new Setting(
                                                group.require(LOW),
                                                bytes == -1 ? "0" : bytes.toString())));
        return settings;
    }

    /** OCI counts memory and swap together, as v1; v2 counts swap alone. */
    private static long swap(long total, LinuxResources.Memory memory, Group group) {
        return total == -1 ? -1 : total - memory.limit().or(() -> group.number(MAX)).orElseThrow();
    }

    private static void refuse(String what, boolean asked) {
        if (asked) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "memory %s: cgroup v2 has no file for it", what);
        }
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        usage.memoryBytes = group.number("memory.current");
        usage.memoryLimitBytes = group.number(MAX);
        usage.memoryPeakBytes = group.number("memory.peak");
        usage.oomKills = group.read(EVENTS).flatMap(text -> Numbers.keyed(text, "oom_kill"));
    }
}
