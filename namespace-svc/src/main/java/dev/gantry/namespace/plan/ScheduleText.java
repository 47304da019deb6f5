package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.PlanStep;

import java.util.List;
import java.util.stream.Collectors;

/** How a process is labelled and scheduled, in words and as commands; see {@link PlanText}. */
final class ScheduleText {
    private static final List<String> OPTIONS =
            List.of("--other", "--fifo", "--rr", "--batch", "", "--idle", "--deadline");

    private ScheduleText() {}

    static PlanStep step(PlanOp op) {
        return switch (op) {
            case PlanOp.Label(var attribute, var value) ->
                    PlanText.say(
                            "label",
                            attribute + " = " + value,
                            "echo %s > /proc/thread-self/attr/%s"
                                    .formatted(Shell.word(value), attribute));
            case PlanOp.Scheduler s ->
                    PlanText.say(
                            "sched_setattr",
                            "policy %d, nice %d, priority %d, flags 0x%x"
                                    .formatted(s.policy(), s.nice(), s.priority(), s.flags()),
                            "renice %d $$; chrt %s --pid %d $$"
                                    .formatted(s.nice(), OPTIONS.get(s.policy()), s.priority()));
            case PlanOp.IoPriority(var ioClass, var priority) ->
                    PlanText.say(
                            "ioprio_set",
                            "class %d, priority %d".formatted(ioClass, priority),
                            "ionice --class %d --classdata %d --pid $$"
                                    .formatted(ioClass, priority));
            case PlanOp.CpuAffinity(var placed, var cpus) -> {
                String list = cpus.stream().map(String::valueOf).collect(Collectors.joining(","));
                yield PlanText.say(
                        "sched_setaffinity",
                        "%s, %s the cgroups are entered"
                                .formatted(list, placed ? "once" : "before"),
                        "taskset --pid --cpu-list " + list + " $$");
            }
            case PlanOp.Personality(var persona) ->
                    PlanText.say(
                            "personality",
                            "0x%x".formatted(persona),
                            persona == 8 ? "exec setarch linux32 sh" : "exec setarch linux64 sh");
            case PlanOp.MemoryPolicy(var mode, var nodes) -> {
                String list = nodes.stream().map(String::valueOf).collect(Collectors.joining(","));
                yield PlanText.say(
                        "set_mempolicy",
                        "0x%x%s".formatted(mode, list.isEmpty() ? "" : ", nodes " + list),
                        MemoryPolicies.shell(mode, list));
            }
            default -> throw new IllegalArgumentException("not about scheduling: " + op);
        };
    }
}
