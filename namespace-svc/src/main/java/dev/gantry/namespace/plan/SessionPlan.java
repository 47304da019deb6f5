package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compiles the launch plan of a further process in a running container. */
public final class SessionPlan {
    private static final int MAX_ID = 32;
    private static final long NEW_LISTENER = 8;

    private SessionPlan() {}

    /**
     * The plan, or a fault that names what is wrong with the request.
     *
     * @param ownNamespaces CLONE_NEW* of the container that are not the host's
     * @param cgroups where the container's processes are
     * @param initPid the container's init
     * @param persona the container's execution domain, if it has one of its own
     * @param told the container's state and listener, for a filter that has one
     * @param wait whether it waits for START before its command is executed
     */
    public static LaunchPlan compile(
            Exec request,
            HostLimits host,
            int ownNamespaces,
            List<PlanOp.CgroupDir> cgroups,
            long initPid,
            Optional<Long> persona,
            List<PlanOp> told,
            boolean wait) {
        if (request.execId().length() > MAX_ID) {
            throw FaultException.invalid(
                    "exec id %s is longer than %d characters", request.execId(), MAX_ID);
        }
        var process = request.process();
        var stdio = request.stdio();
        if (stdio.logPath().isPresent()) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "exec: only a container's own process has a log");
        }
        var out = new ArrayList<PlanOp>();
        out.add(new PlanOp.Id(request.execId()));
        out.add(streams(stdio));
        if ((request.seccompFlags() & NEW_LISTENER) != 0) {
            out.addAll(told);
        }
        Scheduling.affinity(process, false).ifPresent(out::add);
        if (!cgroups.isEmpty()) {
            out.add(new PlanOp.Cgroup(cgroups));
        }
        ProcessPart.oomScore(process, host).ifPresent(out::add);
        out.add(new PlanOp.JoinInit(ownNamespaces, initPid));
        Scheduling.affinity(process, true).ifPresent(out::add);
        persona.ifPresent(p -> out.add(new PlanOp.Personality(p)));
        out.addAll(ProcessPart.before(process, host));
        if (process.terminal()) {
            out.add(ProcessPart.terminal(process, false));
        }
        out.addAll(
                ProcessPart.after(
                        process,
                        host,
                        request.seccompFilter(),
                        request.seccompFlags(),
                        false,
                        wait,
                        List.of()));
        return new LaunchPlan(out);
    }

    private static PlanOp streams(Stdio stdio) {
        return new PlanOp.Stdio(stdio.openStdin(), stdio.waitAttach(), stdio.openStdin());
    }
}
