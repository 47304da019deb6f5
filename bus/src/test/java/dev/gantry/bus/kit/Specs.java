package dev.gantry.bus.kit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciProcess.Capabilities;
import dev.gantry.bus.contract.oci.OciProcess.ConsoleSize;
import dev.gantry.bus.contract.oci.OciProcess.User;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.Namespace;
import dev.gantry.bus.wire.Json;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runtime configurations as a container usually has them. */
public final class Specs {
    private static final List<String> CAPABILITIES =
            List.of(
                    "CAP_CHOWN",
                    "CAP_DAC_OVERRIDE",
                    "CAP_FSETID",
                    "CAP_FOWNER",
                    "CAP_MKNOD",
                    "CAP_NET_RAW",
                    "CAP_SETGID",
                    "CAP_SETUID",
                    "CAP_SETFCAP",
                    "CAP_SETPCAP",
                    "CAP_NET_BIND_SERVICE",
                    "CAP_SYS_CHROOT",
                    "CAP_KILL",
                    "CAP_AUDIT_WRITE");

    private Specs() {}

    /** A command in all namespaces of its own but user, with the usual mounts and masks. */
    public static OciSpec of(String... args) {
        return spec(process(false, args), MOUNTS);
    }

    /** The same with a terminal of 24 rows and 80 columns. */
    public static OciSpec terminal(String... args) {
        return spec(process(true, args), MOUNTS);
    }

    /** The same with one more bind mount. */
    public static OciSpec mounted(String source, String destination, String... args) {
        var mounts = new ArrayList<>(MOUNTS);
        mounts.add(new OciMount(destination, "bind", source, List.of("rbind", "ro")));
        return spec(process(false, args), mounts);
    }

    /** A process of root with Docker's default capabilities. */
    public static OciProcess process(boolean terminal, String... args) {
        return new OciProcess(
                terminal,
                terminal ? Optional.of(new ConsoleSize(24, 80)) : Optional.empty(),
                User.ROOT,
                List.of(args),
                List.of("PATH=/bin:/sbin:/usr/bin:/usr/sbin", "TERM=xterm"),
                "/",
                new Capabilities(CAPABILITIES, CAPABILITIES, List.of(), CAPABILITIES, List.of()),
                List.of(),
                false,
                Optional.empty());
    }

    /** A configuration around a process. */
    public static OciSpec spec(OciProcess process, List<OciMount> mounts) {
        return new OciSpec(
                process,
                false,
                "kit",
                "",
                mounts,
                List.of(
                        new Namespace("pid", null),
                        new Namespace("network", null),
                        new Namespace("mount", null),
                        new Namespace("ipc", null),
                        new Namespace("uts", null),
                        new Namespace("cgroup", null)),
                List.of(),
                List.of(),
                List.of(),
                Map.of(),
                List.of("/proc/acpi", "/proc/kcore", "/proc/keys", "/sys/firmware"),
                List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
                "");
    }

    /**
     * The configuration with fields set.
     *
     * @param fieldsAndValues dotted names of {@link OciSpec}'s JSON form, each before its JSON
     */
    public static OciSpec with(OciSpec spec, String... fieldsAndValues) {
        ObjectNode all = Json.mapper().valueToTree(spec);
        try {
            for (int i = 0; i < fieldsAndValues.length; i += 2) {
                var parts = fieldsAndValues[i].split("\\.");
                ObjectNode at = all;
                for (int j = 0; j < parts.length - 1; j++) {
                    at = at.withObjectProperty(parts[j]);
                }
                at.set(parts[parts.length - 1], Json.mapper().readTree(fieldsAndValues[i + 1]));
            }
            return Json.mapper().treeToValue(all, OciSpec.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** proc, dev and what belongs to it, sysfs, mqueue. */
    public static final List<OciMount> MOUNTS =
            List.of(
                    new OciMount("/proc", "proc", "proc", List.of("nosuid", "noexec", "nodev")),
                    new OciMount(
                            "/dev",
                            "tmpfs",
                            "tmpfs",
                            List.of("nosuid", "strictatime", "mode=755", "size=65536k")),
                    new OciMount(
                            "/dev/pts",
                            "devpts",
                            "devpts",
                            List.of(
                                    "nosuid",
                                    "noexec",
                                    "newinstance",
                                    "ptmxmode=0666",
                                    "mode=0620",
                                    "gid=5")),
                    new OciMount(
                            "/dev/shm",
                            "tmpfs",
                            "shm",
                            List.of("nosuid", "noexec", "nodev", "mode=1777", "size=64m")),
                    new OciMount(
                            "/dev/mqueue",
                            "mqueue",
                            "mqueue",
                            List.of("nosuid", "noexec", "nodev")),
                    new OciMount(
                            "/sys", "sysfs", "sysfs", List.of("nosuid", "noexec", "nodev", "ro")));
}
