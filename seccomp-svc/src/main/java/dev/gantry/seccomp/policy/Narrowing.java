package dev.gantry.seccomp.policy;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.seccomp.profile.Comparison;
import dev.gantry.seccomp.profile.Condition;
import dev.gantry.seccomp.profile.Rule;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Fits conditions, which profiles write with 64 bits, to the bits of an argument that the kernel
 * uses. A comparison of more bits than those could be evaded by setting the others (security.md row
 * 32).
 */
final class Narrowing {
    private final SyscallTable table;
    private final boolean nativeCalls;

    /**
     * @param nativeCalls whether it is the host's own way to call. There a value that has more bits
     *     than the type of the argument is a mistake; elsewhere types may be narrower than those
     *     that the profile was written for, and such a comparison has one outcome.
     */
    Narrowing(SyscallTable table, boolean nativeCalls) {
        this.table = table;
        this.nativeCalls = nativeCalls;
    }

    /** The tests of an alternative; empty if it can never match on this architecture. */
    Optional<List<Clause.Test>> tests(Rule rule, String call, List<Condition> conditions) {
        var tests = new ArrayList<Clause.Test>();
        for (var condition : conditions) {
            int width = table.width(call, condition.index());
            long mask = Clause.mask(width);
            if (condition.comparison() == Comparison.MASKED_EQ) {
                if (!fits(condition.valueTwo(), mask, condition.value())) {
                    if (nativeCalls) {
                        throw tooWide(rule, call, condition, width);
                    }
                    return Optional.empty();
                }
                tests.add(test(condition, mask, width));
            } else if (fits(condition.value(), mask, -1L)) {
                tests.add(test(condition, mask, width));
            } else if (nativeCalls) {
                throw tooWide(rule, call, condition, width);
            } else if (!alwaysBelow(condition.comparison())) {
                return Optional.empty();
            }
        }
        return Optional.of(List.copyOf(tests));
    }

    private static Clause.Test test(Condition condition, long mask, int width) {
        return new Clause.Test(
                new Condition(
                        condition.index(),
                        condition.comparison(),
                        condition.value() & mask,
                        condition.valueTwo() & mask),
                width);
    }

    /** Whether the bits above the mask are all 0, or all those that matter are 1 (a negative). */
    private static boolean fits(long value, long mask, long matters) {
        long above = value & ~mask;
        return above == 0 || above == (matters & ~mask) && (value & (mask >>> 1) + 1) != 0;
    }

    /** Whether it always holds for an argument that has fewer bits than the value. */
    private static boolean alwaysBelow(Comparison comparison) {
        return switch (comparison) {
            case NE, LT, LE -> true;
            case EQ, GE, GT, MASKED_EQ -> false;
        };
    }

    private static FaultException tooWide(Rule rule, String call, Condition condition, int width) {
        return FaultException.invalid(
                "rule %d (%s): %s: the kernel uses %d bits of that argument, the value has more",
                rule.index(), call, condition, width);
    }
}
