package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code linux.memoryPolicy} as set_mempolicy(2) takes it. */
final class MemoryPolicies {
    private static final int MOST_NODES = 1024;
    private static final Map<String, Integer> MODES =
            Map.of(
                    "MPOL_DEFAULT", 0,
                    "MPOL_PREFERRED", 1,
                    "MPOL_BIND", 2,
                    "MPOL_INTERLEAVE", 3,
                    "MPOL_LOCAL", 4,
                    "MPOL_PREFERRED_MANY", 5,
                    "MPOL_WEIGHTED_INTERLEAVE", 6);
    private static final Map<String, Integer> FLAGS =
            Map.of(
                    "MPOL_F_STATIC_NODES", 1 << 15,
                    "MPOL_F_RELATIVE_NODES", 1 << 14,
                    "MPOL_F_NUMA_BALANCING", 1 << 13);

    /** As numactl(8) calls them. */
    private static final Map<Integer, String> OPTIONS =
            Map.of(
                    1, "--preferred=",
                    2, "--membind=",
                    3, "--interleave=",
                    5, "--preferred-many=",
                    6, "--weighted-interleave=");

    private MemoryPolicies() {}

    /** The operation that a configuration asks for. */
    static Optional<PlanOp> of(OciSpec spec) {
        return spec.memoryPolicy()
                .map(
                        policy -> {
                            long mode = value("mode", policy.mode(), MODES);
                            for (var flag : policy.flags()) {
                                mode |= value("flags", flag, FLAGS);
                            }
                            return new PlanOp.MemoryPolicy(mode, nodes(policy.nodes()));
                        });
    }

    private static long value(String field, String name, Map<String, Integer> known) {
        var value = known.get(name);
        if (value == null) {
            throw FaultException.invalid(
                    "linux.memoryPolicy.%s: unknown value %s", field, Names.quote(name));
        }
        return value;
    }

    private static List<Long> nodes(String list) {
        if (list.isEmpty()) {
            return List.of();
        }
        var nodes = Scheduling.cpus("linux.memoryPolicy.nodes", list);
        nodes.stream()
                .filter(node -> node >= MOST_NODES)
                .findFirst()
                .ifPresent(
                        node -> {
                            throw FaultException.invalid(
                                    "linux.memoryPolicy.nodes: %d is not within 0..%d",
                                    node, MOST_NODES - 1);
                        });
        return nodes;
    }

    /** What a person would type. */
    static String shell(long mode, String nodes) {
        var option = OPTIONS.get((int) (mode & 0xff));
        return option == null
                ? "exec numactl --localalloc sh"
                : "exec numactl " + option + nodes + " sh";
    }
}
