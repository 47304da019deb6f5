package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess.Rlimit;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Resource limits, getrlimit(2). */
final class Rlimits {
    /** By number, as asm-generic/resource.h has them (x86_64 and aarch64). */
    static final List<String> NAMES =
            List.of(
                    "CPU",
                    "FSIZE",
                    "DATA",
                    "STACK",
                    "CORE",
                    "RSS",
                    "NPROC",
                    "NOFILE",
                    "MEMLOCK",
                    "AS",
                    "LOCKS",
                    "SIGPENDING",
                    "MSGQUEUE",
                    "NICE",
                    "RTPRIO",
                    "RTTIME");

    private Rlimits() {}

    static List<PlanOp.Limit> limits(List<Rlimit> asked, HostLimits host) {
        var out = new ArrayList<PlanOp.Limit>();
        var seen = new HashSet<Integer>();
        for (var limit : asked) {
            int number =
                    limit.type() != null && limit.type().startsWith("RLIMIT_")
                            ? NAMES.indexOf(limit.type().substring(7))
                            : -1;
            if (number < 0) {
                throw FaultException.invalid(
                        "process.rlimits: unknown limit %s", Names.quote(limit.type()));
            }
            if (!seen.add(number)) {
                throw FaultException.invalid("process.rlimits: %s is given twice", limit.type());
            }
            if (Long.compareUnsigned(limit.soft(), limit.hard()) > 0) {
                throw FaultException.invalid(
                        "process.rlimits: %s soft limit %s exceeds the hard limit %s",
                        limit.type(), text(limit.soft()), text(limit.hard()));
            }
            var ceiling = host.hard().get(number);
            if (!host.sysResource()
                    && ceiling != null
                    && Long.compareUnsigned(limit.hard(), ceiling) > 0) {
                throw FaultException.of(
                        FaultCode.PERMISSION_DENIED,
                        "process.rlimits: %s hard limit %s exceeds this host's %s, and raising it"
                                + " needs CAP_SYS_RESOURCE, which the launcher does not have",
                        limit.type(),
                        text(limit.hard()),
                        text(ceiling));
            }
            out.add(new PlanOp.Limit(number, limit.soft(), limit.hard()));
        }
        return out;
    }

    /** As prlimit(1) writes it. */
    static String text(long value) {
        return value == -1 ? "unlimited" : Long.toUnsignedString(value);
    }
}
