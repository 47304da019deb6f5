package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess.Capabilities;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Capability names, capabilities(7), and the masks that the kernel wants. */
final class CapabilityNames {
    /** By number. */
    private static final List<String> NAMES =
            List.of(
                    "CHOWN",
                    "DAC_OVERRIDE",
                    "DAC_READ_SEARCH",
                    "FOWNER",
                    "FSETID",
                    "KILL",
                    "SETGID",
                    "SETUID",
                    "SETPCAP",
                    "LINUX_IMMUTABLE",
                    "NET_BIND_SERVICE",
                    "NET_BROADCAST",
                    "NET_ADMIN",
                    "NET_RAW",
                    "IPC_LOCK",
                    "IPC_OWNER",
                    "SYS_MODULE",
                    "SYS_RAWIO",
                    "SYS_CHROOT",
                    "SYS_PTRACE",
                    "SYS_PACCT",
                    "SYS_ADMIN",
                    "SYS_BOOT",
                    "SYS_NICE",
                    "SYS_RESOURCE",
                    "SYS_TIME",
                    "SYS_TTY_CONFIG",
                    "MKNOD",
                    "LEASE",
                    "AUDIT_WRITE",
                    "AUDIT_CONTROL",
                    "SETFCAP",
                    "MAC_OVERRIDE",
                    "MAC_ADMIN",
                    "SYSLOG",
                    "WAKE_ALARM",
                    "BLOCK_SUSPEND",
                    "AUDIT_READ",
                    "PERFMON",
                    "BPF",
                    "CHECKPOINT_RESTORE");

    private static final Map<String, Long> BITS = new HashMap<>();

    static {
        for (int i = 0; i < NAMES.size(); i++) {
            BITS.put("CAP_" + NAMES.get(i), 1L << i);
        }
    }

    private CapabilityNames() {}

    /**
     * All five sets, explicitly (security.md row 10). What the kernel could not give is refused:
     * effective beyond permitted, ambient beyond permitted and inheritable.
     */
    static PlanOp.Caps caps(Capabilities sets, HostLimits host) {
        long bounding = mask("bounding", sets.bounding());
        long effective = mask("effective", sets.effective());
        long permitted = mask("permitted", sets.permitted());
        long inheritable = mask("inheritable", sets.inheritable());
        long ambient = mask("ambient", sets.ambient());
        within("effective", effective, "permitted", permitted);
        within("ambient", ambient, "permitted", permitted);
        within("ambient", ambient, "inheritable", inheritable);
        long missing = (bounding | permitted | inheritable) & ~host.capabilities();
        if (missing != 0) {
            throw FaultException.invalid(
                    "process.capabilities: %s is not the launcher's to give", names(missing));
        }
        return new PlanOp.Caps(bounding, effective, permitted, inheritable, ambient);
    }

    private static void within(String what, long mask, String of, long whole) {
        if ((mask & ~whole) != 0) {
            throw FaultException.invalid(
                    "process.capabilities: %s is %s but not %s", names(mask & ~whole), what, of);
        }
    }

    private static long mask(String set, List<String> names) {
        long mask = 0;
        for (String name : names) {
            Long bit = BITS.get(name);
            if (bit == null) {
                throw FaultException.invalid(
                        "process.capabilities.%s: unknown capability %s", set, Names.quote(name));
            }
            mask |= bit;
        }
        return mask;
    }

    /** The names in a mask, comma-separated, as capsh(1) and setpriv(1) write them. */
    static String names(long mask) {
        var out = new ArrayList<String>();
        for (int i = 0; i < NAMES.size(); i++) {
            if ((mask >> i & 1) != 0) {
                out.add("cap_" + NAMES.get(i).toLowerCase(java.util.Locale.ROOT));
            }
        }
        return String.join(",", out);
    }
}
