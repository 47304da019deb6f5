package dev.gantry.cgroup.v2;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.Group;
import dev.gantry.cgroup.controller.Setting;
import dev.gantry.cgroup.controller.UsageReading;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * {@code linux.resources.unified} of OCI: v2 files by name. Only files of controllers, never the
 * core's ({@code cgroup.procs}, {@code cgroup.subtree_control}, …: security.md row 8).
 */
public final class Unified implements Controller {
    private static final Pattern FILE =
            Pattern.compile("(memory|cpu|cpuset|pids|io|hugetlb|rdma|misc)(\\.[a-zA-Z0-9_]+)+");
    private static final int MAX_VALUE = 4096;

    @Override
    public String name() {
        return "unified";
    }

    @Override
    public List<Setting> settings(LinuxResources resources, Group group) {
        return resources.unified().entrySet().stream().map(entry -> setting(entry, group)).toList();
    }

    private static Setting setting(Map.Entry<String, String> entry, Group group) {
        if (!FILE.matcher(entry.getKey()).matches()) {
            throw FaultException.invalid(
                    "unified %s is not a file of a controller", Names.quote(entry.getKey()));
        }
        var value = entry.getValue();
        if (value == null
                || value.length() > MAX_VALUE
                || value.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw FaultException.invalid(
                    "unified %s: %s is not one line of ASCII text",
                    entry.getKey(), Names.quote(value));
        }
        if (!group.offers(entry.getKey())) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "invalid configuration: unified %s: this host's cgroups have no file of it",
                    entry.getKey());
        }
        return new Setting(entry.getKey(), value);
    }

    @Override
    public void usage(Group group, UsageReading usage) {
        // The files' own controllers count.
    }
}
