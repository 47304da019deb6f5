package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciSpec.Namespace;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which namespaces a container makes and which it enters, namespaces(7).
 *
 * @param made CLONE_NEW* to make
 * @param entered CLONE_NEW* to the path of each to enter
 */
record LinuxNamespaces(int made, Map<Integer, String> entered) {
    static final int NEWTIME = 0x00000080;
    static final int NEWNS = 0x00020000;
    static final int NEWCGROUP = 0x02000000;
    static final int NEWUTS = 0x04000000;
    static final int NEWIPC = 0x08000000;
    static final int NEWUSER = 0x10000000;
    static final int NEWPID = 0x20000000;
    static final int NEWNET = 0x40000000;

    /** CLONE_NEW*, setns(2) kind and the option of unshare(1) and nsenter(1). */
    enum Kind {
        USER(NEWUSER, "user"),
        MOUNT(NEWNS, "mount"),
        UTS(NEWUTS, "uts"),
        IPC(NEWIPC, "ipc"),
        NETWORK(NEWNET, "net"),
        PID(NEWPID, "pid"),
        CGROUP(NEWCGROUP, "cgroup"),
        TIME(NEWTIME, "time");

        final int flag;
        final String option;

        Kind(int flag, String option) {
            this.flag = flag;
            this.option = option;
        }

        static Kind of(int flag) {
            for (var kind : values()) {
                if (kind.flag == flag) {
                    return kind;
                }
            }
            throw new IllegalArgumentException("no namespace kind 0x" + Integer.toHexString(flag));
        }
    }

    static LinuxNamespaces of(List<Namespace> asked) {
        int made = 0;
        var entered = new LinkedHashMap<Integer, String>();
        for (var namespace : asked) {
            var kind = kind(namespace.type());
            if ((made & kind.flag) != 0 || entered.containsKey(kind.flag)) {
                throw FaultException.invalid(
                        "linux.namespaces: %s is given twice", namespace.type());
            }
            if (namespace.path().isEmpty()) {
                made |= kind.flag;
                continue;
            }
            String path = namespace.path().get();
            if (!path.startsWith("/") || !Path.of(path).normalize().toString().equals(path)) {
                throw FaultException.invalid(
                        "linux.namespaces: %s path %s is not absolute and plain",
                        namespace.type(), Names.quote(path));
            }
            entered.put(kind.flag, path);
        }
        var mounts = entered.remove(NEWNS);
        if (mounts != null) {
            if ((made & NEWUSER) != 0 || entered.containsKey(NEWUSER)) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "linux.namespaces: a mount namespace by path (%s) together with a user"
                                + " namespace",
                        Names.quote(mounts));
            }
            entered.put(NEWNS, mounts); // The last: until then paths are the host's.
        } else if ((made & NEWNS) == 0) {
            throw FaultException.invalid(
                    "linux.namespaces: a container needs a mount namespace, its own or by path; in"
                            + " the host's its mounts would be everybody's");
        }
        return new LinuxNamespaces(made, entered);
    }

    private static Kind kind(String type) {
        return switch (type == null ? "" : type) {
            case "pid" -> Kind.PID;
            case "network" -> Kind.NETWORK;
            case "mount" -> Kind.MOUNT;
            case "ipc" -> Kind.IPC;
            case "uts" -> Kind.UTS;
            case "user" -> Kind.USER;
            case "cgroup" -> Kind.CGROUP;
            case "time" -> Kind.TIME;
            default ->
                    throw FaultException.invalid(
                            "linux.namespaces: unknown type %s", Names.quote(type));
        };
    }

    /** All that are not the host's. */
    int own() {
        return entered.keySet().stream().reduce(made, (a, b) -> a | b);
    }

    /** The names of a set of kinds. */
    static List<Kind> kinds(int flags) {
        var out = new ArrayList<Kind>();
        for (var kind : Kind.values()) {
            if ((flags & kind.flag) != 0) {
                out.add(kind);
            }
        }
        return out;
    }
}
