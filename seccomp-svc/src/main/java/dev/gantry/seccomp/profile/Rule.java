package dev.gantry.seccomp.profile;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A rule of a profile that applies to this container.
 *
 * @param index where it stands in {@code syscalls}, from 0
 * @param names the calls it is about
 * @param alternatives it matches if all conditions of any alternative hold; one empty alternative
 *     matches always
 */
public record Rule(
        int index, List<String> names, Action action, List<List<Condition>> alternatives) {

    /** The rule in words, said of one of its calls. */
    public String describe(String call) {
        var where =
                alternatives.stream()
                        .map(
                                all ->
                                        all.stream()
                                                .map(Condition::toString)
                                                .collect(Collectors.joining(" and ")))
                        .collect(Collectors.joining(" or "));
        return "rule %d: %s on %s%s"
                .formatted(
                        index,
                        action.kind().ociName(),
                        call,
                        where.isEmpty() ? "" : " where " + where);
    }
}
