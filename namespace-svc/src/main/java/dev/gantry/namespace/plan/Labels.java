package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Labels and profiles of the security modules; what the kernel does not have is refused. */
final class Labels {
    private static final Pattern TEXT = Pattern.compile("[!-~]{1,2048}");

    private Labels() {}

    static List<PlanOp> of(OciProcess process, HostLimits host) {
        var out = new ArrayList<PlanOp>();
        String profile = process.apparmorProfile();
        // without AppArmor everything is unconfined
        if (!profile.isEmpty() && (host.appArmor() || !profile.equals("unconfined"))) {
            check("process.apparmorProfile", profile, host.appArmor(), "AppArmor");
            out.add(new PlanOp.Label("apparmor/exec", "exec " + profile));
        }
        String label = process.selinuxLabel();
        if (!label.isEmpty()) {
            check("process.selinuxLabel", label, host.selinux(), "SELinux");
            out.add(new PlanOp.Label("exec", label));
        }
        return out;
    }

    private static void check(String field, String value, boolean there, String module) {
        if (!TEXT.matcher(value).matches()) {
            throw FaultException.invalid(
                    "%s %s is not printable ASCII without blanks", field, Names.quote(value));
        }
        if (!there) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "%s %s: the kernel has no %s, or it is not enabled",
                    field,
                    Names.quote(value),
                    module);
        }
    }
}
