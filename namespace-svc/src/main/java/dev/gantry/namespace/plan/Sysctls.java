package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which kernel parameters a container may set: those that belong to a namespace of its own, with
 * values that cannot be mistaken for anything else (security.md row 9).
 */
final class Sysctls {
    private static final Set<String> IPC =
            Set.of(
                    "kernel/msgmax",
                    "kernel/msgmnb",
                    "kernel/msgmni",
                    "kernel/sem",
                    "kernel/shmall",
                    "kernel/shmmax",
                    "kernel/shmmni",
                    "kernel/shm_rmid_forced");
    private static final Pattern KEY = Pattern.compile("[a-zA-Z0-9_.:/-]{1,200}");
    private static final Pattern VALUE =
            Pattern.compile("[-0-9A-Za-z][0-9A-Za-z \\t._:,/-]{0,255}");

    private Sysctls() {}

    /**
     * The operation, if the key and the value are allowed with these own namespaces (CLONE_NEW*).
     */
    static PlanOp.SysctlWrite write(String key, String value, int own) {
        if (!KEY.matcher(key).matches() || key.contains("..") || key.contains("//")) {
            throw FaultException.invalid("sysctl %s is not a parameter name", Names.quote(key));
        }
        String path = path(key);
        if (path.startsWith("/") || path.endsWith("/")) {
            throw FaultException.invalid("sysctl %s is not a parameter name", Names.quote(key));
        }
        if (!VALUE.matcher(value).matches() || value.contains("..")) {
            throw FaultException.invalid(
                    "sysctl %s: value %s is not one that a kernel parameter takes",
                    key, Names.quote(value));
        }
        if (path.startsWith("net/")) {
            need(key, own, LinuxNamespaces.NEWNET, "network");
        } else if (IPC.contains(path) || path.startsWith("fs/mqueue/")) {
            need(key, own, LinuxNamespaces.NEWIPC, "ipc");
        } else if (path.equals("kernel/hostname") || path.equals("kernel/domainname")) {
            throw FaultException.invalid(
                    "sysctl %s: use the container's hostname and domainname instead", key);
        } else {
            throw FaultException.invalid(
                    "sysctl %s is not of a namespace: it would change the host", key);
        }
        return new PlanOp.SysctlWrite(path, value);
    }

    /**
     * sysctl(8): the first separator says what the others are; the other character stays itself.
     */
    private static String path(String key) {
        int slash = key.indexOf('/');
        int dot = key.indexOf('.');
        if (dot < 0 || slash >= 0 && slash < dot) {
            return key;
        }
        return key.replace('/', '\0').replace('.', '/').replace('\0', '.');
    }

    private static void need(String key, int own, int kind, String name) {
        if ((own & kind) == 0) {
            throw FaultException.invalid(
                    "sysctl %s needs a %s namespace of the container's own: it would change the"
                            + " host",
                    key, name);
        }
    }
}
