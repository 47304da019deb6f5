package dev.gantry.seccomp;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.math.BigInteger;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * What a profile says of a call, worked out from its JSON as naively as it can be, in big numbers:
 * the third opinion beside our compiler's and libseccomp's.
 */
final class ReferenceEvaluator {
    /** Strictest first. */
    private static final List<String> PRECEDENCE =
            List.of("KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "LOG", "ALLOW");

    private static final List<Integer> VALUES =
            List.of(0x80000000, 0, 0x30000, 0x50000, 0x7ff00000, 0x7ffc0000, 0x7fff0000);

    private ReferenceEvaluator() {}

    /** The value that a right filter returns. */
    static int evaluate(JsonNode profile, Architecture architecture, String call, long... args) {
        int best = PRECEDENCE.size();
        int result = value(profile, "defaultAction", "defaultErrnoRet");
        for (var rule : profile.path("syscalls")) {
            boolean named =
                    StreamSupport.stream(rule.path("names").spliterator(), false)
                            .anyMatch(name -> name.asText().equals(call));
            if (named && matches(rule.path("args"), architecture, call, args)) {
                int strictness = strictness(rule.path("action").asText());
                if (strictness < best) {
                    best = strictness;
                    result = value(rule, "action", "errnoRet");
                }
            }
        }
        return result;
    }

    private static boolean matches(
            JsonNode conditions, Architecture architecture, String call, long[] args) {
        boolean all = true;
        boolean any = false;
        var seen = new java.util.HashSet<Integer>();
        boolean repeated = false;
        for (var condition : conditions) {
            int index = condition.path("index").asInt();
            repeated |= !seen.add(index);
            int width = SyscallTable.of(architecture).width(call, index);
            boolean holds = holds(condition, cut(BigInteger.valueOf(args[index]), width), width);
            all &= holds;
            any |= holds;
        }
        return repeated ? any : all;
    }

    private static boolean holds(JsonNode condition, BigInteger argument, int width) {
        var value = condition.path("value").bigIntegerValue();
        int order = argument.compareTo(value);
        return switch (condition.path("op").asText()) {
            case "SCMP_CMP_NE" -> order != 0;
            case "SCMP_CMP_LT" -> order < 0;
            case "SCMP_CMP_LE" -> order <= 0;
            case "SCMP_CMP_EQ" -> order == 0;
            case "SCMP_CMP_GE" -> order >= 0;
            case "SCMP_CMP_GT" -> order > 0;
            case "SCMP_CMP_MASKED_EQ" ->
                    argument.and(value).equals(condition.path("valueTwo").bigIntegerValue());
            default -> throw new IllegalArgumentException(condition.toString());
        };
    }

    private static BigInteger cut(BigInteger number, int width) {
        return number.and(BigInteger.ONE.shiftLeft(width).subtract(BigInteger.ONE));
    }

    private static int strictness(String action) {
        int strictness = PRECEDENCE.indexOf(action.substring("SCMP_ACT_".length()));
        if (strictness < 0) {
            throw new IllegalArgumentException(action);
        }
        return strictness;
    }

    private static int value(JsonNode node, String action, String errno) {
        int strictness = strictness(node.path(action).asText());
        boolean carries = strictness == 3 || strictness == 4;
        return VALUES.get(strictness) | (carries ? node.path(errno).asInt(1) : 0);
    }
}
