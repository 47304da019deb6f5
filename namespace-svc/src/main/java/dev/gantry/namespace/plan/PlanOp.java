package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.oci.OciHooks;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.IdMapping;

import java.util.List;

/**
 * One operation of a launch plan. What each means, by whom and when it is carried out: protocol.md,
 * section 3. Numbers are the kernel's own.
 */
public sealed interface PlanOp {
    /** Its number on the wire. */
    Opcode opcode();

    /** A key with a value; an empty value makes it a flag. */
    record Option(String key, String value) {}

    /** Names the container or the exec session. */
    record Id(String id) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.ID;
        }
    }

    /** The log in CRI format, kept by the shim; readable by the group {@code gid}. */
    record Log(String path, long maxBytes, int maxFiles, long gid) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.LOG;
        }
    }

    /** What stands behind the standard streams. */
    record Stdio(boolean stdin, boolean waitAttach, boolean once) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.STDIO;
        }
    }

    /**
     * What hooks are told, JSON: the head, status and pid, the tail.
     *
     * @param bundle where they run, but for those inside the container
     */
    record State(String head, String tail, String bundle) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.STATE;
        }
    }

    /**
     * Who gets the descriptor of the filter.
     *
     * @param head the container process state, JSON, as far as {@code "pid":}
     */
    record Listener(String path, String head) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.LISTENER;
        }
    }

    /** A hook of the configuration; {@code timeout} in seconds. */
    record Hook(OciHooks.Stage stage, String path, int timeout, List<String> args, List<String> env)
            implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.HOOK;
        }
    }

    /** A set of CLONE_NEW* to make. */
    record Namespaces(int flags) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.NAMESPACES;
        }
    }

    /** Enters the namespace at a path. */
    record JoinPath(int kind, String path) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.SETNS;
        }
    }

    /** Enters namespaces of the container's init; the pid is for the reader of the plan only. */
    record JoinInit(int kinds, long pid) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.SETNS;
        }
    }

    /** A cgroup directory of hierarchy version 1 or 2. */
    record CgroupDir(int version, String path) {}

    /** Places the process. */
    record Cgroup(List<CgroupDir> dirs) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.CGROUP;
        }
    }

    /** A line of a v1 device list. */
    record CgroupWrite(String file, String value) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.CGROUP_WRITE;
        }
    }

    /** uid_map and gid_map. */
    record UserMap(List<IdMapping> uids, List<IdMapping> gids) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.USERMAP;
        }
    }

    /** How far the clocks of a new time namespace are from the host's. */
    record TimeOffsets(OciSpec.TimeOffset monotonic, OciSpec.TimeOffset boottime)
            implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.TIME_OFFSETS;
        }
    }

    /** Changes the propagation of {@code /}. */
    record Propagation(int type, boolean recursive) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.PROPAGATION;
        }
    }

    /**
     * The root: an overlay, or (no upper, one lower, not overlay) a bound directory.
     *
     * @param slave whether a bound one hears of the host's mounts
     * @param idMapped whether the layers' ids are those of the container's user namespace
     */
    record Rootfs(
            boolean overlay,
            List<String> lowers,
            String upper,
            String work,
            List<Option> options,
            long attributes,
            boolean slave,
            boolean idMapped)
            implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.ROOTFS;
        }
    }

    /** A mount in the root, with the ids of its file system mapped where there are maps. */
    record Mount(
            String type,
            String source,
            String destination,
            MountOptions options,
            List<IdMapping> uids,
            List<IdMapping> gids)
            implements PlanOp {
        Mount(String type, String source, String destination, MountOptions options) {
            this(type, source, destination, options, List.of(), List.of());
        }

        /** Whether it must be taken from the host's mount namespace, with the host's rights. */
        boolean byShim() {
            return !uids.isEmpty()
                    || type.equals("bind") && options.propagation() == MountOptions.MS_SHARED;
        }

        @Override
        public Opcode opcode() {
            return Opcode.MOUNT;
        }
    }

    /** A directory with the parents that are missing, unless something is there. */
    record Mkdir(String path, int mode, long uid, long gid) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.MKDIR;
        }
    }

    /** A device node; {@code bind}: the host's own node, where mknod is not allowed. */
    record Mknod(String path, int mode, long major, long minor, long uid, long gid, boolean bind)
            implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.MKNOD;
        }
    }

    /** A symbolic link, unless something is there. */
    record Symlink(String target, String path) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.SYMLINK;
        }
    }

    /** Hides a path, if it exists. */
    record Mask(String path) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.MASK;
        }
    }

    /**
     * Makes a path read-only with all below it, if it exists.
     *
     * @param alone it is a mount, and what is mounted below it stays as it is
     */
    record Readonly(String path, boolean alone) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.READONLY;
        }
    }

    /** Makes the root the root. */
    record Pivot() implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.PIVOT;
        }
    }

    /** Makes the root read-only. */
    record ReadonlyRoot() implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.READONLY_ROOT;
        }
    }

    /** sethostname(2). */
    record Hostname(String name) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.HOSTNAME;
        }
    }

    /** setdomainname(2). */
    record Domainname(String name) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.DOMAINNAME;
        }
    }

    /** Writes below /proc/sys; the key has slashes. */
    record SysctlWrite(String key, String value) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.SYSCTL;
        }
    }

    /** setrlimit(2); −1 is infinity. */
    record Limit(int resource, long soft, long hard) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.RLIMIT;
        }
    }

    /** /proc/PID/oom_score_adj. */
    record OomScore(int adjustment) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.OOM_SCORE;
        }
    }

    /** Sets {@code lo} up. */
    record LoopbackUp() implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.LOOPBACK_UP;
        }
    }

    /** A session keyring of its own. */
    record Keyring(String name) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.KEYRING;
        }
    }

    /** A terminal, also as /dev/console if {@code console}. */
    record Tty(int rows, int columns, boolean console) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.TTY;
        }
    }

    /** Writes the label or profile for execve, in {@code /proc/thread-self/attr/}. */
    record Label(String attribute, String value) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.LABEL;
        }
    }

    /** sched_setattr(2). */
    record Scheduler(
            int policy,
            int nice,
            int priority,
            long flags,
            long runtime,
            long deadline,
            long period)
            implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.SCHEDULER;
        }
    }

    /** ioprio_set(2). */
    record IoPriority(int ioClass, int priority) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.IO_PRIORITY;
        }
    }

    /** sched_setaffinity(2), before the process is in its cgroups or once it is. */
    record CpuAffinity(boolean placed, List<Long> cpus) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.CPU_AFFINITY;
        }
    }

    /** personality(2). */
    record Personality(long persona) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.PERSONALITY;
        }
    }

    /** set_mempolicy(2), its mode with its flags. */
    record MemoryPolicy(long mode, List<Long> nodes) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.MEMORY_POLICY;
        }
    }

    /** The environment, {@code KEY=value}. */
    record Env(List<String> entries) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.ENV;
        }
    }

    /** The working directory. */
    record Cwd(String path) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.CWD;
        }
    }

    /** setgroups(2): exactly these. */
    record Groups(List<Long> gids) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.GROUPS;
        }
    }

    /** All four uids and gids. */
    record Uid(long uid, long gid, int umask) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.UID;
        }
    }

    /** All five capability sets, as masks. */
    record Caps(long bounding, long effective, long permitted, long inheritable, long ambient)
            implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.CAPS;
        }
    }

    /** PR_SET_NO_NEW_PRIVS. */
    record NoNewPrivs() implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.NO_NEW_PRIVS;
        }
    }

    /** A filter: {@code struct sock_filter} array. */
    record Seccomp(long flags, byte[] filter) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.SECCOMP;
        }
    }

    /** Process 1 is the launcher's own small init. */
    record Init() implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.INIT;
        }
    }

    /** Waits for START. */
    record WaitStart() implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.WAIT_START;
        }
    }

    /** execve(2), the command looked up in the PATH of the plan's environment. */
    record Exec(List<String> args) implements PlanOp {
        @Override
        public Opcode opcode() {
            return Opcode.EXEC;
        }
    }
}
