package dev.gantry.cgroup.v1;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.CpuList;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code cpuset} of v1, cpuset(7). */
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
        setting(CPUS, resources.cpu().flatMap(LinuxResources.Cpu::cpus), group)
                .ifPresent(settings::add);
        setting(MEMS, resources.cpu().flatMap(LinuxResources.Cpu::mems), group)
                .ifPresent(settings::add);
        return settings;
    }

    /** A new v1 cpuset is empty and takes no process (ENOSPC) until both lists are written. */
    private static Optional<Setting> setting(String file, Optional<String> asked, Group group) {
        if (asked.isEmpty() && group.read(file).filter(list -> !list.isEmpty()).isPresent()) {
            return Optional.empty();
        }
        var offered =
                group.parent(file)
                        .filter(list -> !list.isEmpty())
                        .orElseThrow(
                                () ->
                                        FaultException.of(
                                                FaultCode.FAILED_PRECONDITION,
                                                "%s of the group above is empty",
                                                file));
        return Optional.of(
                new Setting(
                        file,
                        asked.map(list -> CpuList.checkWithin(file, list, offered))
                                .orElse(offered)));
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        // A cpuset counts nothing.
    }
}
