package dev.gantry.seccomp.policy;

import dev.gantry.seccomp.profile.Action;
import dev.gantry.seccomp.profile.Condition;

import java.util.List;
import java.util.function.Supplier;

/**
 * One "if these conditions hold, then this" about one call of one architecture.
 *
 * @param tests all must hold; none: always
 * @param because which rule it comes from, in words; asked only where a person wants to know
 */
public record Clause(List<Test> tests, Action action, Supplier<String> because) {
    /**
     * A condition and how many low bits of the argument it looks at: those that the kernel uses.
     *
     * @param width 16, 32 or 64
     */
    public record Test(Condition condition, int width) {
        /** Whether it holds for what is in the register. */
        public boolean holds(long register) {
            return condition.holds(register & mask(width));
        }
    }

    /** The low bits of a word. */
    static long mask(int width) {
        return -1L >>> 64 - width;
    }

    /** Whether it matches whatever the arguments are. */
    public boolean always() {
        return tests.isEmpty();
    }

    /** Whether all tests hold for these six registers. */
    public boolean matches(long[] registers) {
        return tests.stream().allMatch(t -> t.holds(registers[t.condition().index()]));
    }
}
