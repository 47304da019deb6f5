package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.spec.SpecBuilder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Mounts as {@code -v} and {@code --tmpfs} write them; {@link MountFields} reads {@code --mount}.
 */
final class MountSyntax {
    private static final Set<String> PROPAGATIONS =
            Set.of(
                    "private",
                    "rprivate",
                    "shared",
                    "rshared",
                    "slave",
                    "rslave",
                    "unbindable",
                    "runbindable");
    private static final Set<String> ATTRIBUTES =
            Set.of(
                    "rw",
                    "suid",
                    "nosuid",
                    "dev",
                    "nodev",
                    "exec",
                    "noexec",
                    "atime",
                    "noatime",
                    "diratime",
                    "nodiratime",
                    "relatime",
                    "norelatime",
                    "strictatime",
                    "symfollow",
                    "nosymfollow",
                    "rro",
                    "bind",
                    "rbind");

    /** Of the file systems that Docker shares with a virtual machine; here nothing lags behind. */
    private static final Set<String> CONSISTENCIES = Set.of("consistent", "cached", "delegated");

    private MountSyntax() {}

    /**
     * {@code [SOURCE:]DESTINATION[:OPTIONS]}: a source with a slash is a path, else a volume's
     * name; without one, a volume is made for the container.
     */
    static OciMount volume(String text) {
        var parts = List.of(text.split(":", -1));
        if (parts.size() > 3 || parts.contains("")) {
            throw FaultException.invalid(
                    "--volume %s is not [SOURCE:]DESTINATION[:OPTIONS]", Names.quote(text));
        }
        boolean anonymous = parts.size() == 1;
        var source = anonymous ? "" : parts.getFirst();
        var destination = anonymous ? parts.getFirst() : parts.get(1);
        var options = parts.size() == 3 ? List.of(parts.get(2).split(",")) : List.<String>of();
        var what = "--volume " + Names.quote(text);
        if (!destination.startsWith("/")) {
            throw FaultException.invalid(
                    "%s: %s is not an absolute path", what, Names.quote(destination));
        }
        return source.contains("/") || source.startsWith(".")
                ? bind(what, source, destination, options)
                : volume(what, source, destination, options);
    }

    /** {@code DESTINATION[:OPTIONS]}. */
    static OciMount tmpfs(String text) {
        int colon = text.indexOf(':');
        var options = colon < 0 ? List.<String>of() : List.of(text.substring(colon + 1).split(","));
        return new OciMount(colon < 0 ? text : text.substring(0, colon), "tmpfs", "tmpfs", options);
    }

    /** A volume; one without a name is made for the container. */
    static OciMount volume(String what, String name, String destination, List<String> options) {
        var kept = new ArrayList<String>();
        for (var option : options) {
            if (option.equals(SpecBuilder.NO_COPY)) {
                kept.add(option);
            } else if (!option.equals("copy")) {
                common(what, option, kept);
            }
        }
        return new OciMount(
                destination,
                "volume",
                name.isEmpty() ? "" : Names.check("volume name", name),
                kept);
    }

    /** An image, read-only. */
    static OciMount image(String what, String image, String destination, List<String> options) {
        if (image.isEmpty()) {
            throw FaultException.invalid("%s: an image has a src, its name", what);
        }
        var kept = new ArrayList<String>();
        options.forEach(option -> common(what, option, kept));
        kept.remove("ro"); // As it is anyway.
        if (kept.contains("rw")) {
            throw unsupported(what, "rw", "an image is never written to");
        }
        return new OciMount(destination, SpecBuilder.IMAGE, References.check(image), kept);
    }

    /**
     * A path of the host. {@code ro} goes for the mounts below too, unless they are left out: a
     * file system below a read-only directory would else be writable.
     */
    static OciMount bind(String what, String source, String destination, List<String> options) {
        var kept = new ArrayList<String>();
        options.forEach(option -> common(what, option, kept));
        if (!kept.contains("bind") && !kept.contains("rbind")) {
            kept.addFirst("rbind");
        }
        if (kept.contains("rbind")) {
            kept.replaceAll(option -> option.equals("ro") ? "rro" : option);
        }
        var path = Invocation.current().path(source).normalize().toString();
        return new OciMount(destination, "bind", path, kept);
    }

    private static void common(String what, String option, List<String> kept) {
        if (option.equals("z") || option.equals("Z")) {
            if (Files.exists(Path.of("/sys/fs/selinux/enforce"))) {
                throw unsupported(what, option, "labels of SELinux are not written");
            }
        } else if (option.equals("ro") || option.equals("readonly")) {
            kept.add("ro");
        } else if (PROPAGATIONS.contains(option) || ATTRIBUTES.contains(option)) {
            kept.add(option);
        } else if (option.equals("U")) {
            throw unsupported(what, option, "the owner of what is mounted is not changed");
        } else if (option.equals("O")) {
            throw unsupported(what, option, "an overlay over a directory of the host is not made");
        } else if (option.equals("idmap") || option.startsWith("idmap=")) {
            throw unsupported(what, option, "the container has no user namespace");
        } else if (!CONSISTENCIES.contains(option)) {
            throw FaultException.invalid(
                    "%s: the option %s is not known", what, Names.quote(option));
        }
    }

    static String propagation(String what, String value) {
        if (!PROPAGATIONS.contains(value)) {
            throw FaultException.invalid(
                    "%s: the propagation %s is none of private, slave, shared, unbindable, with r"
                            + " in front for the mounts below too",
                    what, Names.quote(value));
        }
        return value;
    }

    static FaultException unsupported(String what, String option, String reason) {
        return FaultException.of(
                FaultCode.UNSUPPORTED, "%s: the option %s: %s", what, option, reason);
    }
}
