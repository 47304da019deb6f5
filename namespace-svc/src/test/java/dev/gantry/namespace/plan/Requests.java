package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.kit.Specs;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Create requests for tests: the usual one, and it with one thing changed. */
final class Requests {
    private Requests() {}

    static Create of(OciSpec spec) {
        return new Create(
                "box",
                spec,
                new Rootfs(List.of("/l/2", "/l/1"), "/c/upper", "/c/work", List.of("userxattr")),
                null,
                Optional.empty(),
                0,
                Stdio.DETACHED,
                false,
                false);
    }

    static Create placed(OciSpec spec, Placement placement) {
        var r = of(spec);
        return new Create(
                r.id(), spec, r.rootfs(), placement, r.seccompFilter(), 0, r.stdio(), false, false);
    }

    static Create filtered(OciSpec spec, byte[] filter, long flags) {
        var r = of(spec);
        return new Create(
                r.id(), spec, r.rootfs(), null, Optional.of(filter), flags, r.stdio(), true, false);
    }

    static OciSpec spec(UnaryOperator<OciProcess> process) {
        return Specs.spec(process.apply(Specs.process(false, "sh")), Specs.MOUNTS);
    }

    static OciSpec mount(String type, String destination, String source, String... options) {
        var mounts = new java.util.ArrayList<>(Specs.MOUNTS);
        mounts.add(new OciMount(destination, type, source, List.of(options)));
        return Specs.spec(Specs.process(false, "sh"), mounts);
    }

    static OciSpec sysctl(String key, String value, List<OciSpec.Namespace> namespaces) {
        var s = Specs.of("sh");
        return new OciSpec(
                s.process(),
                s.rootReadonly(),
                "",
                "",
                s.mounts(),
                namespaces,
                List.of(),
                List.of(),
                s.devices(),
                Map.of(key, value),
                s.maskedPaths(),
                s.readonlyPaths(),
                "");
    }

    static LaunchPlan compile(OciSpec spec, boolean appArmor, boolean selinux) {
        var host = new HostLimits(Map.of(), true, -1000, -1, appArmor, selinux);
        return ContainerPlan.compile(of(spec), host, 0);
    }

    static LaunchPlan compile(OciSpec spec) {
        return ContainerPlan.compile(of(spec), HostLimits.UNKNOWN, 0);
    }

    static OciProcess with(OciProcess p, OciProcess.User user, boolean noNewPrivileges) {
        return new OciProcess(
                p.terminal(),
                p.consoleSize(),
                user,
                p.args(),
                p.env(),
                p.cwd(),
                p.capabilities(),
                p.rlimits(),
                noNewPrivileges,
                p.oomScoreAdj());
    }

    static OciProcess with(OciProcess p, OciProcess.Capabilities capabilities) {
        return new OciProcess(
                p.terminal(),
                p.consoleSize(),
                p.user(),
                p.args(),
                p.env(),
                p.cwd(),
                capabilities,
                p.rlimits(),
                p.noNewPrivileges(),
                p.oomScoreAdj());
    }

    static OciProcess with(OciProcess p, List<OciProcess.Rlimit> rlimits, Integer oomScoreAdj) {
        return new OciProcess(
                p.terminal(),
                p.consoleSize(),
                p.user(),
                p.args(),
                p.env(),
                p.cwd(),
                p.capabilities(),
                rlimits,
                p.noNewPrivileges(),
                Optional.ofNullable(oomScoreAdj));
    }

    static OciProcess in(OciProcess p, String cwd) {
        return new OciProcess(
                p.terminal(),
                p.consoleSize(),
                p.user(),
                p.args(),
                p.env(),
                cwd,
                p.capabilities(),
                p.rlimits(),
                p.noNewPrivileges(),
                p.oomScoreAdj());
    }
}
