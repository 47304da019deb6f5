package dev.gantry.seccomp.bpf;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Lays a graph out as a program. It is written from its end, because BPF only jumps forward: what a
 * node leads to is placed before the node. A place is a distance from the end.
 */
final class Assembler {
    /** BPF_MAXINSNS: the kernel takes no longer program. */
    static final int MAX_INSTRUCTIONS = 4096;

    /** The farthest that a conditional jump reaches. */
    private static final int REACH = 255;

    private final List<Instruction> backwards = new ArrayList<>();
    private final Map<Node, Integer> placed = new IdentityHashMap<>();
    private final Map<Integer, Integer> returns = new HashMap<>();

    private Assembler() {}

    static List<Instruction> assemble(Node root) {
        var assembler = new Assembler();
        assembler.placeBelow(root);
        assembler.jumpUnlessNext(assembler.place(root));
        var program = assembler.backwards;
        Collections.reverse(program);
        return List.copyOf(program);
    }

    /**
     * Places what a node leads to, the farthest first. A hostile profile makes chains of thousands
     * of tests, so the way down is kept in a list and not on the thread's stack.
     */
    private void placeBelow(Node root) {
        var way = new ArrayDeque<Node>();
        way.push(root);
        while (!way.isEmpty()) {
            var open =
                    switch (way.peek()) {
                        case Node.Return _ -> Optional.<Node>empty();
                        case Node.Load load -> firstOpen(load.next());
                        case Node.And and -> firstOpen(and.next());
                        case Node.Test test -> firstOpen(test.no(), test.yes());
                    };
            if (open.isPresent()) {
                way.push(open.get());
            } else {
                place(way.pop());
            }
        }
    }

    private Optional<Node> firstOpen(Node... nodes) {
        return Arrays.stream(nodes)
                .filter(node -> !(node instanceof Node.Return) && !placed(node))
                .findFirst();
    }

    private int place(Node node) {
        return switch (node) {
            case Node.Return(var value) -> placeReturn(value);
            case Node.Load load -> placed(load) ? placed.get(load) : placeLoad(load);
            case Node.And and -> placed(and) ? placed.get(and) : placeAnd(and);
            case Node.Test test -> placed(test) ? placed.get(test) : placeTest(test);
        };
    }

    private boolean placed(Node node) {
        return placed.containsKey(node);
    }

    /** A return is cheaper written again than jumped to. */
    private int placeReturn(int value) {
        var known = returns.get(value);
        if (known != null && backwards.size() - known < REACH - 2) {
            return known;
        }
        int place = write(new Instruction(Instruction.RETURN, 0, 0, value));
        returns.put(value, place);
        return place;
    }

    private int placeLoad(Node.Load load) {
        jumpUnlessNext(place(load.next()));
        return remember(load, new Instruction(Instruction.LOAD, 0, 0, load.offset()));
    }

    private int placeAnd(Node.And and) {
        jumpUnlessNext(place(and.next()));
        return remember(and, new Instruction(Instruction.AND, 0, 0, and.mask()));
    }

    private int placeTest(Node.Test test) {
        int no = place(test.no());
        int yes = place(test.yes());
        // Either jump may need a stepping stone, and each stone moves what is behind it.
        if (backwards.size() - no > REACH - 1) {
            no = jump(no);
        }
        if (backwards.size() - yes > REACH) {
            yes = jump(yes);
        }
        int size = backwards.size();
        return remember(test, new Instruction(test.kind().code(), size - yes, size - no, test.k()));
    }

    /** Execution goes on with the instruction written last, so anything else must be jumped to. */
    private void jumpUnlessNext(int place) {
        if (place != backwards.size()) {
            jump(place);
        }
    }

    private int jump(int place) {
        return write(new Instruction(Instruction.JUMP, 0, 0, backwards.size() - place));
    }

    private int remember(Node node, Instruction instruction) {
        int place = write(instruction);
        placed.put(node, place);
        return place;
    }

    private int write(Instruction instruction) {
        if (backwards.size() == MAX_INSTRUCTIONS) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "the profile needs more than the %d instructions that the kernel takes",
                    MAX_INSTRUCTIONS);
        }
        backwards.add(instruction);
        return backwards.size();
    }
}
