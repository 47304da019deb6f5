package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The end of every plan, of a container as of an exec session: from limits to execve. The order is
 * that of capabilities(7) and seccomp(2): without no_new_privs a filter needs CAP_SYS_ADMIN, so it
 * goes in before the change of ids; with it, last of all, so that it need not allow what the steps
 * before it do.
 */
final class ProcessPart {
    private static final int DEFAULT_UMASK = 0022;

    /** For all threads: the process has one. */
    private static final long TSYNC = 1;

    private static final long FLAGS = TSYNC | 2 | 4 | 8 | 32;

    private ProcessPart() {}

    static List<PlanOp> before(OciProcess process, HostLimits host) {
        var out = new ArrayList<PlanOp>(Rlimits.limits(process.rlimits(), host));
        out.addAll(Scheduling.of(process));
        out.add(new PlanOp.Keyring(""));
        out.addAll(Labels.of(process, host));
        return out;
    }

    static List<PlanOp> after(
            OciProcess process,
            HostLimits host,
            Optional<byte[]> filter,
            long filterFlags,
            boolean init,
            boolean wait,
            List<PlanOp> hooks) {
        var out = new ArrayList<PlanOp>();
        out.add(new PlanOp.Env(environment(process.env())));
        out.add(new PlanOp.Cwd(Paths.check("process.cwd", process.cwd())));
        if (wait) {
            out.add(new PlanOp.WaitStart());
        }
        var seccomp = filter.map(bytes -> seccomp(bytes, filterFlags));
        if (!process.noNewPrivileges()) {
            seccomp.ifPresent(out::add);
        }
        var user = process.user();
        out.add(new PlanOp.Groups(groups(user)));
        out.add(new PlanOp.Uid(user.uid(), user.gid(), user.umask().orElse(DEFAULT_UMASK)));
        out.add(CapabilityNames.caps(process.capabilities(), host));
        if (process.noNewPrivileges()) {
            out.add(new PlanOp.NoNewPrivs());
            seccomp.ifPresent(out::add);
        }
        // with the container's rights, no more: a hook here may be the image's own program
        out.addAll(hooks);
        if (init) {
            out.add(new PlanOp.Init());
        }
        if (process.args().getFirst().isEmpty()) {
            throw FaultException.invalid("process.args: the command is an empty string");
        }
        out.add(new PlanOp.Exec(process.args()));
        return out;
    }

    /** Docker's and runc's list begins with the primary group (security.md row 11). */
    private static List<Long> groups(OciProcess.User user) {
        var groups = new ArrayList<Long>();
        groups.add(user.gid());
        user.additionalGids().stream()
                .distinct()
                .filter(gid -> gid != user.gid())
                .forEach(groups::add);
        return groups;
    }

    private static PlanOp.Seccomp seccomp(byte[] filter, long flags) {
        if (filter.length == 0 || filter.length % 8 != 0 || filter.length / 8 > 4096) {
            throw FaultException.invalid(
                    "seccomp filter: %d bytes are not 1 to 4096 instructions of 8", filter.length);
        }
        if ((flags & ~FLAGS) != 0) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "seccomp flags 0x%x: only TSYNC (1), LOG (2), SPEC_ALLOW (4), NEW_LISTENER (8)"
                            + " and WAIT_KILLABLE_RECV (32) are carried out",
                    flags);
        }
        return new PlanOp.Seccomp(flags & ~TSYNC, filter);
    }

    private static List<String> environment(List<String> entries) {
        for (String entry : entries) {
            if (entry.indexOf('=') < 1) {
                throw FaultException.invalid("process.env: an entry is not KEY=value");
            }
        }
        return entries;
    }

    static Optional<PlanOp> oomScore(OciProcess process, HostLimits host) {
        return process.oomScoreAdj()
                .map(
                        value -> {
                            if (value < -1000 || value > 1000) {
                                throw FaultException.invalid(
                                        "process.oomScoreAdj %d is not within -1000..1000", value);
                            }
                            if (value < host.oomScoreAdj() && !host.sysResource()) {
                                throw FaultException.of(
                                        FaultCode.PERMISSION_DENIED,
                                        "process.oomScoreAdj %d is below the launcher's %d, and"
                                                + " lowering it needs CAP_SYS_RESOURCE, which the"
                                                + " launcher does not have",
                                        value,
                                        host.oomScoreAdj());
                            }
                            return new PlanOp.OomScore(value);
                        });
    }

    static PlanOp.Tty terminal(OciProcess process, boolean console) {
        var size = process.consoleSize().orElse(new OciProcess.ConsoleSize(24, 80));
        if (size.height() < 0
                || size.height() > 65535
                || size.width() < 0
                || size.width() > 65535) {
            throw FaultException.invalid(
                    "process.consoleSize %dx%d is not within 0..65535",
                    size.height(), size.width());
        }
        return new PlanOp.Tty(size.height(), size.width(), console);
    }
}
