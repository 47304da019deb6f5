package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess.Capabilities;
import dev.gantry.bus.fault.FaultException;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Which capabilities a container has, capabilities(7): Docker's fourteen, more or less. */
public final class CapabilitySet {
    /** Every capability of Linux 6.x, in the order of its number. */
    public static final List<String> ALL =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_DAC_READ_SEARCH",
                    "CAP_FOWNER",
                    "CAP_FSETID",
                    "CAP_KILL",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETPCAP",
                    "CAP_LINUX_IMMUTABLE",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_NET_BROADCAST",
                    "CAP_NET_ADMIN",
                    "CAP_NET_RAW",
                    "CAP_IPC_LOCK",
                    "CAP_IPC_OWNER",
                    "CAP_SYS_MODULE",
                    "CAP_SYS_RAWIO",
                    "CAP_SYS_CHROOT",
                    "CAP_SYS_PTRACE",
                    "CAP_SYS_PACCT",
                    "CAP_SYS_ADMIN",
                    "CAP_SYS_BOOT",
                    "CAP_SYS_NICE",
                    "CAP_SYS_RESOURCE",
                    "CAP_SYS_TIME",
                    "CAP_SYS_TTY_CONFIG",
                    "CAP_MKNOD",
                    "CAP_LEASE",
                    "CAP_AUDIT_WRITE",
                    "CAP_AUDIT_CONTROL",
                    "CAP_SETFCAP",
                    "CAP_MAC_OVERRIDE",
                    "CAP_MAC_ADMIN",
                    "CAP_SYSLOG",
                    "CAP_WAKE_ALARM",
                    "CAP_BLOCK_SUSPEND",
                    "CAP_AUDIT_READ",
                    "CAP_PERFMON",
                    "CAP_BPF",
                    "CAP_CHECKPOINT_RESTORE");

    /** What a container has unless it asks for more or less: Docker's default. */
    static final List<String> DEFAULT =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_FOWNER",
                    "CAP_FSETID",
                    "CAP_KILL",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETPCAP",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_NET_RAW",
                    "CAP_SYS_CHROOT",
                    "CAP_MKNOD",
                    "CAP_AUDIT_WRITE",
                    "CAP_SETFCAP");

    private static final String EVERY = "CAP_ALL";

    private CapabilitySet() {}

    /**
     * The default without those dropped and with those added; ALL to drop leaves those added only,
     * ALL to add leaves all that are not dropped.
     */
    static List<String> of(List<String> add, List<String> drop) {
        var added = normalized(add);
        var dropped = normalized(drop);
        if (added.contains(EVERY)) {
            dropped.remove(EVERY);
            return ALL.stream().filter(name -> !dropped.contains(name)).toList();
        }
        var kept = new LinkedHashSet<String>();
        if (!dropped.contains(EVERY)) {
            DEFAULT.stream().filter(name -> !dropped.contains(name)).forEach(kept::add);
        }
        kept.addAll(added);
        return ALL.stream().filter(kept::contains).toList();
    }

    /**
     * All five sets, explicitly (security.md row 10): root has the given ones, another user only
     * the bound, so that a set-user-ID program can use them; nothing is inheritable or ambient.
     */
    static Capabilities sets(List<String> names, long uid) {
        var held = uid == 0 ? names : List.<String>of();
        return new Capabilities(names, held, List.of(), held, List.of());
    }

    private static Set<String> normalized(List<String> names) {
        var set = new TreeSet<String>();
        for (var name : names) {
            var word = name.toUpperCase(Locale.ROOT);
            word = word.startsWith("CAP_") ? word : "CAP_" + word;
            if (!word.equals(EVERY) && !ALL.contains(word)) {
                throw FaultException.invalid(
                        "%s is not a capability of capabilities(7)", Names.quote(name));
            }
            set.add(word);
        }
        return set;
    }
}
