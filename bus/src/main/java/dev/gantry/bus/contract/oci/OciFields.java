package dev.gantry.bus.contract.oci;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The fields of {@code config.json} that the specification knows and Gantry does not carry out,
 * each with the reason that the fault gives. A field whose value asks for nothing (empty, zero,
 * false, null) is no matter.
 */
final class OciFields {
    /** Dotted paths; {@code []} stands for every element of an array. */
    static final Map<String, String> CONFIG = new LinkedHashMap<>();

    private static final String NO_CONTROLLER = "cgroup-svc has no controller for it";

    static {
        for (String platform : new String[] {"solaris", "windows", "vm", "zos", "freebsd"}) {
            CONFIG.put(platform, "it is of another platform than linux");
        }
        CONFIG.put("process.commandLine", "it is of another platform than linux");
        CONFIG.put("process.user.username", "it is of another platform than linux");
        CONFIG.put("linux.netDevices", "network-svc does not move devices of the host");
        CONFIG.put("linux.intelRdt", "Gantry does not manage Intel RDT");
        CONFIG.put("linux.mountLabel", "Gantry labels no mounts");
        String resources = "linux.resources.";
        CONFIG.put(resources + "hugepageLimits", NO_CONTROLLER);
        CONFIG.put(resources + "network", NO_CONTROLLER);
        CONFIG.put(resources + "rdma", NO_CONTROLLER);
        CONFIG.put(resources + "memory.kernel", "the kernel has let it go");
        CONFIG.put(resources + "memory.kernelTCP", "the specification advises against it");
        CONFIG.put(resources + "memory.useHierarchy", "cgroup-svc leaves it as the host has it");
        CONFIG.put(resources + "memory.checkBeforeUpdate", "the check would race with the group");
        CONFIG.put(resources + "cpu.burst", NO_CONTROLLER);
        CONFIG.put(resources + "cpu.realtimeRuntime", NO_CONTROLLER);
        CONFIG.put(resources + "cpu.realtimePeriod", NO_CONTROLLER);
        CONFIG.put(resources + "blockIO.leafWeight", NO_CONTROLLER);
    }

    private OciFields() {}

    /** The fields below one, by their names there. */
    static Map<String, String> below(String path) {
        var out = new LinkedHashMap<String, String>();
        CONFIG.forEach(
                (field, reason) -> {
                    if (field.startsWith(path + ".")) {
                        out.put(field.substring(path.length() + 1), reason);
                    }
                });
        return out;
    }
}
