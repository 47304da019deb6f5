package dev.gantry.seccomp.bpf;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.seccomp.policy.CallPolicy;
import dev.gantry.seccomp.policy.Clause;
import dev.gantry.seccomp.profile.Action;
import dev.gantry.seccomp.profile.Condition;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns what is decided about a call into a graph. {@code seccomp_data} (seccomp(2)) has the number
 * at 0, the architecture at 4 and six arguments of 64 bits from 16 on.
 */
final class ClauseNodes {
    static final int OFFSET_NUMBER = 0;
    static final int OFFSET_ARCHITECTURE = 4;
    private static final int OFFSET_ARGUMENTS = 16;

    /** So many clauses of one call fit in no program. */
    private static final int MAX_CLAUSES = Assembler.MAX_INSTRUCTIONS / 4;

    /** Equal decisions are one node: calls with the same rules share their code. */
    private final Map<Decided, Node> known = new HashMap<>();

    private record Decided(List<Tested> clauses, int otherwise) {}

    private record Tested(List<Clause.Test> tests, int value) {}

    Node of(Action action) {
        return known.computeIfAbsent(
                new Decided(List.of(), action.returnValue()),
                key -> new Node.Return(action.returnValue()));
    }

    Node of(CallPolicy policy) {
        if (policy.clauses().size() > MAX_CLAUSES) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "%s: %d conditions on one call, at most %d fit in a program",
                    policy.clauses().get(MAX_CLAUSES).because().get(),
                    policy.clauses().size(),
                    MAX_CLAUSES);
        }
        var tested =
                policy.clauses().stream()
                        .map(c -> new Tested(c.tests(), c.action().returnValue()))
                        .toList();
        var key = new Decided(tested, policy.otherwise().returnValue());
        var found = known.get(key);
        if (found != null) {
            return found;
        }
        var node = of(policy.otherwise());
        for (var clause : policy.clauses().reversed()) {
            node = clause(clause, node);
        }
        known.put(key, node);
        return node;
    }

    private Node clause(Clause clause, Node otherwise) {
        var node = of(clause.action());
        for (var test : clause.tests().reversed()) {
            node = test(test, node, otherwise);
        }
        return node;
    }

    private static Node test(Clause.Test test, Node yes, Node no) {
        var condition = test.condition();
        int low = OFFSET_ARGUMENTS + 8 * condition.index();
        return switch (test.width()) {
            case 64 -> wide(condition, low, yes, no);
            case 32 -> new Node.Load(low, narrow(condition, -1, yes, no));
            default -> {
                int mask = (1 << test.width()) - 1;
                yield new Node.Load(low, narrow(condition, mask, yes, no));
            }
        };
    }

    /** Compares the loaded word, of which only the masked bits count. */
    private static Node narrow(Condition condition, int mask, Node yes, Node no) {
        int value = (int) condition.value();
        return switch (condition.comparison()) {
            case EQ -> and(mask, new Node.Test(Node.Kind.EQUAL, value, yes, no));
            case NE -> and(mask, new Node.Test(Node.Kind.EQUAL, value, no, yes));
            case GT -> and(mask, new Node.Test(Node.Kind.GREATER, value, yes, no));
            case LE -> and(mask, new Node.Test(Node.Kind.GREATER, value, no, yes));
            case GE -> and(mask, new Node.Test(Node.Kind.GREATER_EQUAL, value, yes, no));
            case LT -> and(mask, new Node.Test(Node.Kind.GREATER_EQUAL, value, no, yes));
            case MASKED_EQ ->
                    and(
                            value & mask,
                            new Node.Test(Node.Kind.EQUAL, (int) condition.valueTwo(), yes, no));
        };
    }

    private static Node wide(Condition condition, int low, Node yes, Node no) {
        int high = low + 4;
        int top = (int) (condition.value() >>> 32);
        int bottom = (int) condition.value();
        return switch (condition.comparison()) {
            case EQ -> equal(high, top, low, bottom, yes, no);
            case NE -> equal(high, top, low, bottom, no, yes);
            case GT -> above(Node.Kind.GREATER, high, top, low, bottom, yes, no);
            case LE -> above(Node.Kind.GREATER, high, top, low, bottom, no, yes);
            case GE -> above(Node.Kind.GREATER_EQUAL, high, top, low, bottom, yes, no);
            case LT -> above(Node.Kind.GREATER_EQUAL, high, top, low, bottom, no, yes);
            case MASKED_EQ -> {
                int wantedTop = (int) (condition.valueTwo() >>> 32);
                int wantedBottom = (int) condition.valueTwo();
                var lowHalf = half(low, bottom, wantedBottom, yes, no);
                yield half(high, top, wantedTop, lowHalf, no);
            }
        };
    }

    private static Node equal(int high, int top, int low, int bottom, Node yes, Node no) {
        var lowHalf = new Node.Load(low, new Node.Test(Node.Kind.EQUAL, bottom, yes, no));
        return new Node.Load(high, new Node.Test(Node.Kind.EQUAL, top, lowHalf, no));
    }

    private static Node above(
            Node.Kind kind, int high, int top, int low, int bottom, Node yes, Node no) {
        var lowHalf = new Node.Load(low, new Node.Test(kind, bottom, yes, no));
        var tie = new Node.Test(Node.Kind.EQUAL, top, lowHalf, no);
        return new Node.Load(high, new Node.Test(Node.Kind.GREATER, top, yes, tie));
    }

    private static Node half(int offset, int mask, int wanted, Node yes, Node no) {
        return mask == 0
                ? yes
                : new Node.Load(offset, and(mask, new Node.Test(Node.Kind.EQUAL, wanted, yes, no)));
    }

    private static Node and(int mask, Node next) {
        return mask == -1 ? next : new Node.And(mask, next);
    }
}
