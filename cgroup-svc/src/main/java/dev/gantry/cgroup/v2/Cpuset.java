package dev.gantry.cgroup.v2;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.CpuList;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code cpuset} of v2: an empty list stands for all that the group above has. */
public final class Cpuset implements Controller {
    public static final String CPUS = "cpuset.cpus";
    public static final String MEMS = "cpuset.mems";

    @Override
    public String name() {
        return "cpuset";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        var settings = new ArrayList<Setting>();
        add(CPUS, resources.cpu().flatMap(LinuxResources.Cpu::cpus), group, settings);
        add(MEMS, resources.cpu().flatMap(LinuxResources.Cpu::mems), group, settings);
        return settings;
    }

    private static void add(
            String file, Optional<String> asked, Group group, List<Setting> settings) {
        asked.ifPresent(
                list ->
                        settings.add(
                                new Setting(
                                        group.require(file),
                                        CpuList.checkWithin(
                                                file,
                                                list,
                                                group.parent(file + ".effective").orElse("")))));
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        // A cpuset counts nothing.
    }
}
