package dev.gantry.seccomp.policy;

import dev.gantry.bus.linux.Errno;
import dev.gantry.seccomp.profile.Action;
import dev.gantry.seccomp.profile.Comparison;
import dev.gantry.seccomp.profile.Condition;
import dev.gantry.seccomp.profile.Profile;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.Multiplexer;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * A profile, said of the calls of one architecture. Where several rules match a call, the strictest
 * action wins, as the kernel has it among filters: KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, NOTIFY,
 * TRACE, LOG, ALLOW.
 */
public final class ArchitecturePolicy {
    private static final String DEFAULT = "defaultAction";

    private final Profile profile;
    private final Architecture architecture;
    private final SyscallTable table;
    private final Map<String, List<Clause>> clauses = new HashMap<>();

    /** Resolves the rules of a profile for an architecture. */
    public ArchitecturePolicy(Profile profile, Architecture architecture) {
        this.profile = profile;
        this.architecture = architecture;
        this.table = SyscallTable.of(architecture);
        var narrowing = new Narrowing(table, architecture == profile.architectures().getFirst());
        for (var rule : profile.rules()) {
            for (var call : rule.names()) {
                for (var conditions : rule.alternatives()) {
                    narrowing
                            .tests(rule, call, conditions)
                            .map(
                                    tests ->
                                            new Clause(
                                                    tests,
                                                    rule.action(),
                                                    () -> rule.describe(call)))
                            .ifPresent(
                                    clause ->
                                            clauses.computeIfAbsent(call, c -> new ArrayList<>())
                                                    .add(clause));
                }
            }
        }
        Multiplexer.of(architecture).forEach(this::addThrough);
        holdCloneMask();
    }

    /** What is decided about a call, by name. */
    public CallPolicy of(String call) {
        return CallPolicy.of(
                clauses.getOrDefault(call, List.of()), profile.defaultAction(), () -> DEFAULT);
    }

    /** What is decided about each call that any rule names, by number as the kernel sees it. */
    public SortedMap<Integer, CallPolicy> byNumber() {
        var byNumber = new TreeMap<Integer, CallPolicy>();
        clauses.keySet()
                .forEach(call -> table.number(call).ifPresent(n -> byNumber.put(n, of(call))));
        return Collections.unmodifiableSortedMap(byNumber);
    }

    /**
     * What becomes of a call with a number above every call that is known: ENOSYS where the default
     * is another errno, because C libraries fall back on ENOSYS only (runc does the like).
     */
    public Action unknown() {
        return profile.defaultAction().kind() == Action.Kind.ERRNO
                ? Action.errno(Errno.ENOSYS)
                : profile.defaultAction();
    }

    /**
     * Rules about a call hold too when it is made through a multiplexer. Its arguments are out of
     * sight there: a call whose arguments matter gets the strictest of its outcomes, unless the
     * profile names the multiplexer and so decides about it knowingly.
     */
    private void addThrough(Multiplexer multiplexer) {
        boolean named = clauses.containsKey(multiplexer.name());
        for (var call : multiplexer.inOrder()) {
            if (!clauses.containsKey(call.getKey())) {
                continue;
            }
            var policy = of(call.getKey());
            if (policy.conditional() && named) {
                continue;
            }
            var test =
                    new Clause.Test(
                            new Condition(
                                    0, Comparison.MASKED_EQ, multiplexer.mask(), call.getValue()),
                            32);
            Supplier<String> because =
                    () ->
                            policy.conditional()
                                    ? "%s hides the arguments of %s: the strictest of its rules"
                                            .formatted(multiplexer.name(), call.getKey())
                                    : policy.otherwiseBecause().get();
            clauses.computeIfAbsent(multiplexer.name(), c -> new ArrayList<>())
                    .add(new Clause(List.of(test), policy.strictest(), because));
        }
    }

    /**
     * clone3(2) has its flags in memory: where a profile looks at those of clone(2), clone3 must
     * not be a way around it. ENOSYS makes C libraries use clone instead.
     */
    private void holdCloneMask() {
        if (!of("clone").conditional()) {
            return;
        }
        var explicit = clauses.get("clone3");
        boolean refused =
                explicit != null
                        && of("clone3").strictest().kind().compareTo(Action.Kind.ERRNO) <= 0
                        && !of("clone3").conditional();
        if (!refused) {
            clauses.put(
                    "clone3",
                    List.of(
                            new Clause(
                                    List.of(),
                                    Action.errno(Errno.ENOSYS),
                                    () ->
                                            "clone3 answers ENOSYS because the rules about clone"
                                                    + " look at its flags, which clone3 hides in"
                                                    + " memory")));
        }
    }

    /** The architecture. */
    public Architecture architecture() {
        return architecture;
    }
}
