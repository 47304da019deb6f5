package dev.gantry.cgroup.v1;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.MemoryLimits;
import dev.gantry.cgroup.controller.Numbers;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code memory} of v1 (Documentation/admin-guide/cgroup-v1/memory.rst). */
public final class Memory implements Controller {
    public static final String LIMIT = "memory.limit_in_bytes";
    public static final String MEMSW_LIMIT = "memory.memsw.limit_in_bytes";
    public static final String SOFT_LIMIT = "memory.soft_limit_in_bytes";
    public static final String SWAPPINESS = "memory.swappiness";
    public static final String OOM_CONTROL = "memory.oom_control";
    private static final String USAGE = "memory.usage_in_bytes";
    private static final String PEAK = "memory.max_usage_in_bytes";

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return resources.memory().map(memory -> settings(memory, group)).orElse(List.of());
    }

    private static List<Setting> settings(LinuxResources.Memory memory, Group group) {
        MemoryLimits.check(memory, group.number(LIMIT));
        var settings = new ArrayList<>(limits(memory, group));
        memory.reservation()
                .ifPresent(
                        bytes ->
                                settings.add(
                                        new Setting(group.require(SOFT_LIMIT), bytes.toString())));
        memory.swappiness()
                .ifPresent(
                        value ->
                                settings.add(
                                        new Setting(group.require(SWAPPINESS), value.toString())));
        memory.disableOOMKiller()
                .ifPresent(
                        off ->
                                settings.add(
                                        new Setting(group.require(OOM_CONTROL), off ? "1" : "0")));
        return settings;
    }

    /**
     * The kernel keeps limit ≤ memsw limit at every moment: when raising above the memsw limit in
     * force, memsw goes first; otherwise the limit does.
     */
    private static List<Setting> limits(LinuxResources.Memory memory, Group group) {
        var limit =
                memory.limit().map(bytes -> new Setting(group.require(LIMIT), bytes.toString()));
        var totalInForce = group.number(MEMSW_LIMIT);
        boolean none = memory.limit().equals(Optional.of(-1L)) && totalInForce.isPresent();
        // no limit of memory means none of memory and swap
        var total =
                memory.swap()
                        .or(() -> none ? Optional.of(-1L) : Optional.empty())
                        .map(bytes -> new Setting(group.require(MEMSW_LIMIT), bytes + ""));
        boolean above =
                totalInForce.isPresent()
                        && memory.limit()
                                .filter(bytes -> bytes == -1 || bytes > totalInForce.get())
                                .isPresent();
        if (above && total.isEmpty()) {
            throw FaultException.invalid(
                    "memory limit %d is above the limit of memory and swap in force, %d: change"
                            + " swap with it",
                    memory.limit().orElseThrow(), totalInForce.orElseThrow());
        }
        var order = above ? List.of(total, limit) : List.of(limit, total);
        return order.stream().flatMap(Optional::stream).toList();
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        usage.memoryBytes = group.number(USAGE);
        usage.memoryLimitBytes = group.number(LIMIT);
        usage.memoryPeakBytes = group.number(PEAK);
        usage.oomKills = group.read(OOM_CONTROL).flatMap(text -> Numbers.keyed(text, "oom_kill"));
    }
}
