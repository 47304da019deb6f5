package dev.gantry.seccomp.bpf;

import dev.gantry.seccomp.policy.ArchitecturePolicy;
import dev.gantry.seccomp.profile.Action;
import dev.gantry.seccomp.profile.Profile;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compiles a profile: first the architecture is looked at, then the number is found by halving the
 * table, then, for the calls that have conditions, the arguments.
 */
public final class FilterCompiler {
    /** No call: a tracer sets it to have a call skipped (ptrace(2)). */
    private static final int NO_CALL = -1;

    private final ClauseNodes nodes = new ClauseNodes();

    private FilterCompiler() {}

    /** The program for a profile. */
    public static List<Instruction> compile(Profile profile) {
        return new FilterCompiler().program(profile);
    }

    /** From this number on, up to where the next segment begins. */
    private record Segment(int from, Node node) {}

    private List<Instruction> program(Profile profile) {
        var policies =
                profile.architectures().stream()
                        .map(architecture -> new ArchitecturePolicy(profile, architecture))
                        .toList();
        var x32 = policies.stream().filter(p -> p.architecture() == Architecture.X32).findFirst();
        var node = nodes.of(Action.KILL_PROCESS);
        for (var policy : policies.reversed()) {
            if (policy.architecture() != Architecture.X32) {
                var segments = segments(profile, policy, x32);
                node =
                        new Node.Test(
                                Node.Kind.EQUAL,
                                policy.architecture().audit(),
                                new Node.Load(
                                        ClauseNodes.OFFSET_NUMBER,
                                        search(segments, 0, segments.size())),
                                node);
            }
        }
        return Assembler.assemble(new Node.Load(ClauseNodes.OFFSET_ARCHITECTURE, node));
    }

    private List<Segment> segments(
            Profile profile, ArchitecturePolicy policy, Optional<ArchitecturePolicy> x32) {
        var segments = new ArrayList<Segment>();
        addTable(segments, profile, policy);
        if (policy.architecture() == Architecture.X86_64) {
            if (x32.isPresent()) {
                addTable(segments, profile, x32.get());
            } else {
                add(segments, Architecture.X32.numberBit(), nodes.of(Action.KILL_PROCESS));
            }
        }
        add(segments, NO_CALL, nodes.of(Action.ALLOW));
        return segments;
    }

    private void addTable(List<Segment> segments, Profile profile, ArchitecturePolicy policy) {
        int last = SyscallTable.of(policy.architecture()).last();
        var fallback = nodes.of(profile.defaultAction());
        var unknown = nodes.of(policy.unknown());
        int next = policy.architecture().numberBit();
        for (var call : policy.byNumber().entrySet()) {
            int number = call.getKey();
            fill(segments, next, number, last, fallback, unknown);
            add(segments, number, nodes.of(call.getValue()));
            next = number + 1;
        }
        fill(segments, next, Integer.MAX_VALUE, last, fallback, unknown);
    }

    /** Numbers that no rule is about: calls of the table, then what lies above it. */
    private static void fill(
            List<Segment> segments, int from, int to, int last, Node fallback, Node unknown) {
        if (from < to && from <= last) {
            add(segments, from, fallback);
        }
        int above = Math.max(from, last + 1);
        if (above < to) {
            add(segments, above, unknown);
        }
    }

    /** Neighbours with one answer are one segment. */
    private static void add(List<Segment> segments, int from, Node node) {
        if (segments.isEmpty() || segments.getLast().node() != node) {
            segments.add(new Segment(from, node));
        }
    }

    private static Node search(List<Segment> segments, int begin, int end) {
        if (end - begin == 1) {
            return segments.get(begin).node();
        }
        int middle = (begin + end) >>> 1;
        return new Node.Test(
                Node.Kind.GREATER_EQUAL,
                segments.get(middle).from(),
                search(segments, middle, end),
                search(segments, begin, middle));
    }
}
