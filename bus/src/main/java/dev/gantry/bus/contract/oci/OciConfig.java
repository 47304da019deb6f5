package dev.gantry.bus.contract.oci;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A {@code config.json} (OCI runtime specification 1.2, config.md and config-linux.md), taken apart
 * for the services: the specification for namespace-svc, resources for cgroup-svc, the filter for
 * seccomp-svc. What the specification knows and Gantry does not carry out is refused by name; what
 * the specification does not know is ignored, as it says. {@code docs/oci.md} lists every field.
 *
 * @param rootfs the root file system, absolute
 * @param seccomp {@code linux.seccomp} as it stands, for {@code seccomp.v1}
 * @param cgroupsPath as it stands; absent: the runtime chooses
 */
public record OciConfig(
        String rootfs,
        OciSpec spec,
        Optional<String> cgroupsPath,
        LinuxResources resources,
        Optional<JsonNode> seccomp) {
    private static final Pattern VERSION =
            Pattern.compile("1\\.[0-9]{1,9}\\.[0-9]{1,9}([-+][0-9A-Za-z.+-]{1,64})?");

    /** Checks the version; absent parts are empty. */
    public OciConfig {
        Objects.requireNonNull(rootfs, "rootfs");
        Objects.requireNonNull(spec, "spec");
        cgroupsPath = Absent.orEmpty(cgroupsPath).filter(path -> !path.isEmpty());
        resources = resources == null ? LinuxResources.NONE : resources;
        seccomp = Absent.orEmpty(seccomp).filter(node -> !node.isNull());
    }

    private record Root(String path, boolean readonly) {
        Root {
            if (path == null || path.isEmpty()) {
                throw FaultException.invalid("config.json: root.path is missing");
            }
        }
    }

    /**
     * Reads a whole {@code config.json}.
     *
     * @param bundle the directory that it is in, absolute
     * @throws FaultException INVALID_ARGUMENT, or UNSUPPORTED for a field that is not carried out;
     *     the message names the field
     */
    public static OciConfig read(byte[] json, Path bundle) {
        return read(json, bundle, Optional.empty());
    }

    /**
     * {@link #read(byte[], Path)} for a container of which its creator has a name of its own, which
     * hooks are told.
     */
    public static OciConfig read(byte[] json, Path bundle, Optional<String> containerId) {
        if (!bundle.isAbsolute()) {
            throw FaultException.invalid("bundle %s is not an absolute path", bundle);
        }
        var document = new OciDocument("config.json", json);
        document.refuse(OciFields.CONFIG);
        if (document.at("root").isEmpty()) {
            throw FaultException.invalid("config.json: root is missing");
        }
        if (document.at("process").isEmpty()) {
            throw FaultException.invalid("config.json: process is missing");
        }
        var root = document.value("root", Root.class).orElseThrow();
        var origin =
                new OciSpec.Bundle(
                        version(document.text("ociVersion")),
                        bundle.toString(),
                        document.texts("annotations"),
                        containerId);
        return new OciConfig(
                bundle.resolve(root.path()).normalize().toString(),
                spec(document, root, origin),
                document.value("linux.cgroupsPath", String.class),
                document.value("linux.resources", LinuxResources.class).orElse(null),
                document.at("linux.seccomp"));
    }

    private static String version(String text) {
        if (!VERSION.matcher(text).matches()) {
            throw FaultException.invalid(
                    "config.json: ociVersion %s is not a version 1.x.y", Names.quote(text));
        }
        return text;
    }

    private static Optional<OciSpec.Listener> listener(OciDocument document) {
        return document.value("linux.seccomp.listenerPath", String.class)
                .filter(path -> !path.isEmpty())
                .map(
                        path ->
                                new OciSpec.Listener(
                                        path, document.text("linux.seccomp.listenerMetadata")));
    }

    private static OciSpec spec(OciDocument document, Root root, OciSpec.Bundle bundle) {
        return new OciSpec(
                document.value("process", OciProcess.class).orElseThrow(),
                root.readonly(),
                document.text("hostname"),
                document.text("domainname"),
                document.list("mounts", OciMount.class),
                document.list("linux.namespaces", OciSpec.Namespace.class),
                document.list("linux.uidMappings", OciSpec.IdMapping.class),
                document.list("linux.gidMappings", OciSpec.IdMapping.class),
                document.list("linux.devices", OciSpec.Device.class),
                document.texts("linux.sysctl"),
                document.list("linux.maskedPaths", String.class),
                document.list("linux.readonlyPaths", String.class),
                document.text("linux.rootfsPropagation"),
                document.value("hooks", OciHooks.class).orElse(null),
                bundle,
                document.value("linux.personality", OciSpec.Personality.class),
                document.map("linux.timeOffsets", OciSpec.TimeOffset.class),
                listener(document),
                document.value("linux.memoryPolicy", OciSpec.MemoryPolicy.class));
    }

    /** Reads a {@code process} object, as for an exec. */
    public static OciProcess readProcess(byte[] json) {
        var document = new OciDocument("process", json);
        document.refuse(OciFields.below("process"));
        return document.value("", OciProcess.class).orElseThrow();
    }

    /** Reads a {@code linux.resources} object, as for an update. */
    public static LinuxResources readResources(byte[] json) {
        var document = new OciDocument("resources", json);
        document.refuse(OciFields.below("linux.resources"));
        return document.value("", LinuxResources.class).orElseThrow();
    }

    /** The fields that {@link #read} refuses, dotted; {@code []} stands for every element. */
    public static List<String> refusedFields() {
        return List.copyOf(OciFields.CONFIG.keySet());
    }
}
