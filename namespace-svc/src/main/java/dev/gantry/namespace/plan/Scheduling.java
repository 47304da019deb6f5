package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** When and where a process runs: sched_setattr(2), ioprio_set(2), sched_setaffinity(2). */
final class Scheduling {
    private static final Map<String, Integer> POLICIES =
            Map.of(
                    "SCHED_OTHER",
                    0,
                    "SCHED_FIFO",
                    1,
                    "SCHED_RR",
                    2,
                    "SCHED_BATCH",
                    3,
                    "SCHED_IDLE",
                    5,
                    "SCHED_DEADLINE",
                    6);

    /** Of the kernel's flags, those that need no further value. */
    private static final Map<String, Integer> FLAGS =
            Map.of(
                    "SCHED_FLAG_RESET_ON_FORK",
                    0x01,
                    "SCHED_FLAG_RECLAIM",
                    0x02,
                    "SCHED_FLAG_DL_OVERRUN",
                    0x04,
                    "SCHED_FLAG_KEEP_POLICY",
                    0x08,
                    "SCHED_FLAG_KEEP_PARAMS",
                    0x10);

    private static final Map<String, Integer> CLASSES =
            Map.of("IOPRIO_CLASS_RT", 1, "IOPRIO_CLASS_BE", 2, "IOPRIO_CLASS_IDLE", 3);

    private static final Map<String, Long> DOMAINS = Map.of("LINUX", 0L, "LINUX32", 8L);
    private static final Pattern RANGE = Pattern.compile("([0-9]{1,4})(?:-([0-9]{1,4}))?");
    private static final int MOST_CPUS = 4096;

    private Scheduling() {}

    /** Scheduler and input-output priority, where the process asks for one. */
    static List<PlanOp> of(OciProcess process) {
        var out = new ArrayList<PlanOp>();
        process.scheduler().ifPresent(s -> out.add(scheduler(s)));
        process.ioPriority().ifPresent(p -> out.add(ioPriority(p)));
        return out;
    }

    private static PlanOp scheduler(OciProcess.Scheduler s) {
        int policy = known("process.scheduler.policy", s.policy(), POLICIES);
        boolean realTime = policy == 1 || policy == 2;
        if (s.nice() < -20 || s.nice() > 19) {
            throw FaultException.invalid(
                    "process.scheduler.nice %d is not within -20..19", s.nice());
        }
        if (realTime ? s.priority() < 1 || s.priority() > 99 : s.priority() != 0) {
            throw FaultException.invalid(
                    "process.scheduler.priority %d is not %s, as %s takes it",
                    s.priority(), realTime ? "within 1..99" : "0", s.policy());
        }
        if (policy != 6 && (s.runtime() != 0 || s.deadline() != 0 || s.period() != 0)) {
            throw FaultException.invalid(
                    "process.scheduler: runtime, deadline and period are of SCHED_DEADLINE, not of"
                            + " %s",
                    s.policy());
        }
        long flags = 0;
        for (String flag : s.flags()) {
            flags |= known("process.scheduler.flags", flag, FLAGS);
        }
        return new PlanOp.Scheduler(
                policy, s.nice(), s.priority(), flags, s.runtime(), s.deadline(), s.period());
    }

    private static PlanOp ioPriority(OciProcess.IoPriority p) {
        int ioClass = known("process.ioPriority.class", p.ioClass(), CLASSES);
        if (p.priority() < 0 || p.priority() > 7) {
            throw FaultException.invalid(
                    "process.ioPriority.priority %d is not within 0..7", p.priority());
        }
        return new PlanOp.IoPriority(ioClass, p.priority());
    }

    private static int known(String field, String name, Map<String, Integer> names) {
        var number = name == null ? null : names.get(name);
        if (number == null) {
            throw FaultException.invalid("%s: unknown value %s", field, Names.quote(name));
        }
        return number;
    }

    /** The affinity of a further process, before or after it is placed in its cgroups. */
    static Optional<PlanOp> affinity(OciProcess process, boolean placed) {
        return process.execCPUAffinity()
                .map(a -> placed ? a.last() : a.initial())
                .filter(list -> !list.isEmpty())
                .map(
                        list ->
                                new PlanOp.CpuAffinity(
                                        placed,
                                        cpus(
                                                "process.execCPUAffinity."
                                                        + (placed ? "final" : "initial"),
                                                list)));
    }

    /** Numbers within 0..4095 from a list like {@code 0-2,5}. */
    static List<Long> cpus(String field, String list) {
        var out = new ArrayList<Long>();
        for (String part : list.split(",", -1)) {
            var range = RANGE.matcher(part.strip());
            if (!range.matches()) {
                throw notAList(field, list);
            }
            long first = Long.parseLong(range.group(1));
            long last = range.group(2) == null ? first : Long.parseLong(range.group(2));
            if (last < first || last >= MOST_CPUS || out.size() + last - first >= MOST_CPUS) {
                throw notAList(field, list);
            }
            for (long cpu = first; cpu <= last; cpu++) {
                out.add(cpu);
            }
        }
        return out;
    }

    private static FaultException notAList(String field, String list) {
        return FaultException.invalid(
                "%s %s is not a list of numbers within 0..%d, such as 0-2,5",
                field, Names.quote(list), MOST_CPUS - 1);
    }

    /** The execution domain as personality(2) takes it. */
    static Optional<Long> persona(OciSpec spec) {
        return spec.personality()
                .map(
                        p -> {
                            if (!p.flags().isEmpty()) {
                                throw FaultException.invalid(
                                        "linux.personality.flags: the specification knows no %s",
                                        Names.quote(p.flags().getFirst()));
                            }
                            var domain = DOMAINS.get(p.domain());
                            if (domain == null) {
                                throw FaultException.invalid(
                                        "linux.personality.domain: unknown value %s",
                                        Names.quote(p.domain()));
                            }
                            return domain;
                        });
    }
}
