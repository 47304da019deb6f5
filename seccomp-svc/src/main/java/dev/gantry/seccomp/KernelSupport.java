package dev.gantry.seccomp;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.seccomp.kernel.SeccompKernel;
import dev.gantry.seccomp.profile.Action;
import dev.gantry.seccomp.profile.Profile;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the kernel said when it was asked with arguments that can do nothing.
 *
 * @param filters whether it takes filters
 * @param actions the actions that it knows
 * @param flags the flags that it knows, of those that Gantry uses
 */
record KernelSupport(boolean filters, Set<Action.Kind> actions, long flags) {
    private static final int EFAULT = 14;
    private static final long NEW_LISTENER = 8;
    private static final long WAIT_KILLABLE_RECV = 32;

    /** TSYNC, LOG, SPEC_ALLOW, and the two of a listener. */
    private static final List<Long> FLAGS = List.of(1L, 2L, 4L, NEW_LISTENER, WAIT_KILLABLE_RECV);

    /** Asks. */
    static KernelSupport probe(SeccompKernel kernel) {
        boolean filters = kernel.filterWithoutProgram(0).errno() == EFAULT;
        var actions = EnumSet.noneOf(Action.Kind.class);
        for (var kind : Action.Kind.values()) {
            var answer = kernel.actionAvailable(kind.value());
            // Before 4.14 the question itself is unknown; the five first actions are older.
            boolean old =
                    answer.errno() == Errno.EINVAL
                            && filters
                            && EnumSet.of(
                                            Action.Kind.KILL_THREAD,
                                            Action.Kind.TRAP,
                                            Action.Kind.ERRNO,
                                            Action.Kind.TRACE,
                                            Action.Kind.ALLOW)
                                    .contains(kind);
            if (!answer.failed() || old) {
                actions.add(kind);
            }
        }
        long flags = 0;
        for (long flag : FLAGS) {
            // by itself it is nothing
            long with = flag == WAIT_KILLABLE_RECV ? NEW_LISTENER : 0;
            if (kernel.filterWithoutProgram(flag | with).errno() == EFAULT) {
                flags |= flag;
            }
        }
        return new KernelSupport(filters, actions, flags);
    }

    /** Refuses a profile that this kernel would not carry out to the letter. */
    void check(Profile profile) {
        if (!filters) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "this kernel takes no seccomp filters (seccomp(2))");
        }
        var used =
                Stream.concat(
                        Stream.of(profile.defaultAction(), Action.KILL_PROCESS),
                        profile.rules().stream().map(rule -> rule.action()));
        used.filter(action -> !actions.contains(action.kind()))
                .findFirst()
                .ifPresent(
                        action -> {
                            throw FaultException.of(
                                    FaultCode.UNSUPPORTED,
                                    "this kernel does not know the action %s",
                                    action.kind().ociName());
                        });
        if ((profile.flags() & ~flags) != 0) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "this kernel does not know the filter flags 0x%x",
                    profile.flags() & ~flags);
        }
    }
}
