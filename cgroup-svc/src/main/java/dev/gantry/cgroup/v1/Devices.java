package dev.gantry.cgroup.v1;

import dev.gantry.bus.contract.cgroup.CgroupResult.DeviceWrite;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.DevicePolicy;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code devices} of v1 (cgroup-v1/devices.rst). The kernel demands CAP_SYS_ADMIN of who writes its
 * lists, so this service only says what they are; the launcher writes them.
 */
public final class Devices implements Controller {
    @Override
    public String name() {
        return "devices";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return List.of();
    }

    /** The lines for the lists of the group at a path, in order. */
    public static List<DeviceWrite> writes(String path, DevicePolicy policy) {
        var writes = new ArrayList<DeviceWrite>();
        var allow = path + "/devices.allow";
        var deny = path + "/devices.deny";
        writes.add(new DeviceWrite(policy.allowAll() ? allow : deny, "a"));
        policy.exceptions()
                .forEach(
                        rule ->
                                writes.add(
                                        new DeviceWrite(
                                                policy.allowAll() ? deny : allow, rule.line())));
        return writes;
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        // A device list counts nothing.
    }
}
