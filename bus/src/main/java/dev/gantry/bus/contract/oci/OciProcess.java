package dev.gantry.bus.contract.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Optional;

/** {@code process} of the OCI runtime configuration (config.md, "Process"). */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record OciProcess(
        boolean terminal,
        Optional<ConsoleSize> consoleSize,
        User user,
        List<String> args,
        List<String> env,
        String cwd,
        Capabilities capabilities,
        List<Rlimit> rlimits,
        boolean noNewPrivileges,
        Optional<Integer> oomScoreAdj,
        String apparmorProfile,
        String selinuxLabel,
        Optional<Scheduler> scheduler,
        Optional<IoPriority> ioPriority,
        Optional<CpuAffinity> execCPUAffinity) {

    /** Checks what every process needs. */
    public OciProcess {
        consoleSize = Absent.orEmpty(consoleSize);
        user = user == null ? User.ROOT : user;
        args = Absent.orEmpty(args);
        env = Absent.orEmpty(env);
        capabilities = capabilities == null ? Capabilities.NONE : capabilities;
        rlimits = Absent.orEmpty(rlimits);
        oomScoreAdj = Absent.orEmpty(oomScoreAdj);
        apparmorProfile = Absent.orEmpty(apparmorProfile);
        selinuxLabel = Absent.orEmpty(selinuxLabel);
        scheduler = Absent.orEmpty(scheduler);
        ioPriority = Absent.orEmpty(ioPriority);
        execCPUAffinity = Absent.orEmpty(execCPUAffinity);
        if (args.isEmpty()) {
            throw FaultException.invalid("process.args is empty: there is no command to run");
        }
        if (cwd == null || !cwd.startsWith("/")) {
            throw FaultException.invalid("process.cwd %s is not an absolute path", cwd);
        }
    }

    /** A process that is scheduled and labelled as its parent is. */
    public OciProcess(
            boolean terminal,
            Optional<ConsoleSize> consoleSize,
            User user,
            List<String> args,
            List<String> env,
            String cwd,
            Capabilities capabilities,
            List<Rlimit> rlimits,
            boolean noNewPrivileges,
            Optional<Integer> oomScoreAdj) {
        this(
                terminal,
                consoleSize,
                user,
                args,
                env,
                cwd,
                capabilities,
                rlimits,
                noNewPrivileges,
                oomScoreAdj,
                "",
                "",
                null,
                null,
                null);
    }

    /**
     * How it is scheduled, sched_setattr(2).
     *
     * @param policy {@code SCHED_OTHER}, {@code SCHED_FIFO}, {@code SCHED_RR}, {@code SCHED_BATCH},
     *     {@code SCHED_IDLE} or {@code SCHED_DEADLINE}
     * @param priority of the real-time policies, 1..99
     * @param flags {@code SCHED_FLAG_…}
     * @param runtime nanoseconds, as are deadline and period: of {@code SCHED_DEADLINE}
     */
    public record Scheduler(
            String policy,
            int nice,
            int priority,
            List<String> flags,
            long runtime,
            long deadline,
            long period) {
        /** Absent parts are empty. */
        public Scheduler {
            policy = Absent.orEmpty(policy);
            flags = Absent.orEmpty(flags);
        }
    }

    /**
     * How its input and output are scheduled, ioprio_set(2).
     *
     * @param ioClass {@code IOPRIO_CLASS_RT}, {@code IOPRIO_CLASS_BE} or {@code IOPRIO_CLASS_IDLE}
     * @param priority 0..7, the highest first
     */
    public record IoPriority(@JsonProperty("class") String ioClass, int priority) {}

    /**
     * The processors that a further process of a container may use, as lists in cpuset(7) form.
     *
     * @param initial before it is in the container's cgroup
     * @param last once it is
     */
    public record CpuAffinity(String initial, @JsonProperty("final") String last) {
        /** Absent parts are empty. */
        public CpuAffinity {
            initial = Absent.orEmpty(initial);
            last = Absent.orEmpty(last);
        }
    }

    /** Rows and columns of a terminal, in characters. */
    public record ConsoleSize(int height, int width) {}

    /** Numeric user of the process; ids are unsigned 32 bit, 2³²−1 excluded. */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record User(long uid, long gid, List<Long> additionalGids, Optional<Integer> umask) {
        /** uid 0, gid 0. */
        public static final User ROOT = new User(0, 0, List.of(), Optional.empty());

        /** Checks the ranges. */
        public User {
            additionalGids = Absent.orEmpty(additionalGids);
            umask = Absent.orEmpty(umask);
            checkId("uid", uid);
            checkId("gid", gid);
            additionalGids.forEach(gid1 -> checkId("additional gid", gid1));
        }

        private static void checkId(String what, long id) {
            if (id < 0 || id >= 0xffff_ffffL) {
                throw FaultException.invalid("%s %d is not within 0..4294967294", what, id);
            }
        }
    }

    /** Capability names ({@code CAP_…}) per set, capabilities(7). */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Capabilities(
            List<String> bounding,
            List<String> effective,
            List<String> inheritable,
            List<String> permitted,
            List<String> ambient) {
        /** No capability in any set. */
        public static final Capabilities NONE =
                new Capabilities(List.of(), List.of(), List.of(), List.of(), List.of());

        /** Absent sets are empty. */
        public Capabilities {
            bounding = Absent.orEmpty(bounding);
            effective = Absent.orEmpty(effective);
            inheritable = Absent.orEmpty(inheritable);
            permitted = Absent.orEmpty(permitted);
            ambient = Absent.orEmpty(ambient);
        }
    }

    /** A resource limit: {@code RLIMIT_…} of getrlimit(2), unsigned; −1 stands for infinity. */
    public record Rlimit(String type, long soft, long hard) {}
}
