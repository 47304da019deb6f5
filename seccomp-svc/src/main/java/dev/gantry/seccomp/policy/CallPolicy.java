package dev.gantry.seccomp.policy;

import dev.gantry.seccomp.profile.Action;

import java.util.List;
import java.util.function.Supplier;

/**
 * What is decided about one call: the first clause that matches, or else the last word.
 *
 * @param clauses strictest action first, in the order of the profile where equally strict; none
 *     matches always, and the last differs from what follows it
 * @param otherwise where no clause matches
 * @param otherwiseBecause why, in words
 */
public record CallPolicy(
        List<Clause> clauses, Action otherwise, Supplier<String> otherwiseBecause) {
    /** The policy that a call's clauses make, in any order, over a default. */
    static CallPolicy of(List<Clause> all, Action fallback, Supplier<String> fallbackBecause) {
        var sorted =
                all.stream()
                        .sorted((a, b) -> a.action().kind().compareTo(b.action().kind()))
                        .toList();
        int end = 0;
        while (end < sorted.size() && !sorted.get(end).always()) {
            end++;
        }
        var last =
                end < sorted.size()
                        ? sorted.get(end)
                        : new Clause(List.of(), fallback, fallbackBecause);
        while (end > 0 && sorted.get(end - 1).action().equals(last.action())) {
            end--;
        }
        return new CallPolicy(sorted.subList(0, end), last.action(), last.because());
    }

    /** Whether the arguments make a difference. */
    public boolean conditional() {
        return !clauses.isEmpty();
    }

    /** The strictest that it can come to. */
    Action strictest() {
        return clauses.isEmpty() ? otherwise : otherwise.stricter(clauses.getFirst().action());
    }

    /** The decision about a call with these six registers. */
    public Decision decide(long[] registers) {
        return clauses.stream()
                .filter(clause -> clause.matches(registers))
                .findFirst()
                .map(clause -> new Decision(clause.action(), clause.because().get()))
                .orElseGet(() -> new Decision(otherwise, otherwiseBecause.get()));
    }

    /** An action and why. */
    public record Decision(Action action, String reason) {}
}
