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
    private final int registerBits;

    Narrowing(SyscallTable table, int registerBits) {
        this.table = table;
        this.registerBits = registerBits;
    }

    /** The tests of an alternative; empty if it can never match on this architecture. */
    Optional<List<Clause.Test>> tests(Rule rule, String call, List<Condition> conditions) {
        var tests = new ArrayList<Clause.Test>();
        for (var condition : conditions) {
            int width = table.width(call, condition.index());
            long mask = Clause.mask(width);
            if (condition.comparison() == Comparison.MASKED_EQ) {
                if (!fits(condition.valueTwo(), mask, condition.value())) {
                    if (tooWideForType(width)) {
                        throw tooWide(rule, call, condition, width);
                    }
                    return Optional.empty();
                }
                tests.add(test(condition, mask, width));
            } else if (fits(condition.value(), mask, -1L)) {
                tests.add(test(condition, mask, width));
            } else if (tooWideForType(width)) {
                throw tooWide(rule, call, condition, width);
            } else if (!lessThanAnyWide(condition.comparison())) {
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

    /** Whether the type of the argument, not the size of a register, is what makes it narrow. */
    private boolean tooWideForType(int width) {
        return width < registerBits;
    }

    /** What a register of 32 bits is, compared with a value that has more. */
    private static boolean lessThanAnyWide(Comparison comparison) {
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
