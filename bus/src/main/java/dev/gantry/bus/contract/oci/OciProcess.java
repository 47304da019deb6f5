package dev.gantry.bus.contract.oci;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Optional;

/** {@code process} of the OCI runtime configuration (config.md, "Process"). */
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
        Optional<Integer> oomScoreAdj) {

    /** Checks what every process needs. */
    public OciProcess {
        consoleSize = Absent.orEmpty(consoleSize);
        user = user == null ? User.ROOT : user;
        args = Absent.orEmpty(args);
        env = Absent.orEmpty(env);
        capabilities = capabilities == null ? Capabilities.NONE : capabilities;
        rlimits = Absent.orEmpty(rlimits);
        oomScoreAdj = Absent.orEmpty(oomScoreAdj);
        if (args.isEmpty()) {
            throw FaultException.invalid("process.args is empty: there is no command to run");
        }
        if (cwd == null || !cwd.startsWith("/")) {
            throw FaultException.invalid("process.cwd %s is not an absolute path", cwd);
        }
    }

    /** Rows and columns of a terminal, in characters. */
    public record ConsoleSize(int height, int width) {}

    /** Numeric user of the process; ids are unsigned 32 bit, 2³²−1 excluded. */
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
