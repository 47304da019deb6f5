package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.orchestrator.spec.CapabilitySet;

import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.concurrent.Callable;

/** {@code features}: what this runtime can do (features.md of the specification). */
@Command(name = "features", description = "Print what this runtime can do, as JSON.")
final class FeaturesCommand implements Callable<Integer> {
    private static final List<String> NAMESPACES =
            List.of("cgroup", "ipc", "mount", "network", "pid", "user", "uts");

    @ParentCommand OciCommand oci;

    @Override
    public Integer call() {
        var out = JsonNodeFactory.instance.objectNode();
        out.put("ociVersionMin", "1.0.0").put("ociVersionMax", VersionText.SPEC);
        var linux = out.putObject("linux");
        NAMESPACES.forEach(linux.putArray("namespaces")::add);
        CapabilitySet.ALL.forEach(linux.putArray("capabilities")::add);
        var cgroup = linux.putObject("cgroup");
        cgroup.put("v1", true).put("v2", true).put("systemd", false).put("systemdUser", false);
        seccomp(linux.putObject("seccomp"));
        linux.putObject("apparmor").put("enabled", false);
        linux.putObject("selinux").put("enabled", false);
        linux.putObject("intelRdt").put("enabled", false);
        oci.out().println(out.toPrettyString());
        oci.out().flush();
        return 0;
    }

    /** As seccomp-svc found it out from the kernel. */
    private void seccomp(ObjectNode seccomp) {
        var support =
                oci.containers().services().begin(new SeccompOperation.Profiles()).join().orThrow();
        seccomp.put("enabled", support.filters());
        support.actions().forEach(seccomp.putArray("actions")::add);
        support.architectures().forEach(seccomp.putArray("archs")::add);
    }
}
