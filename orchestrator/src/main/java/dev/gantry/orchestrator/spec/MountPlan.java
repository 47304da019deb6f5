package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All mounts of a container, in the order in which they are to be made. */
final class MountPlan {
    private static final long DEFAULT_SHM = 64L << 20;

    private MountPlan() {}

    /**
     * The kernel's file systems, then the network's files and the user's mounts, parents before
     * children. A mount of the user replaces the default at the same place.
     *
     * @param sources where volumes and images lie
     */
    static List<OciMount> mounts(
            ContainerSpec spec, List<OciMount> wanted, Attached network, MountSources sources) {
        var byPlace = new LinkedHashMap<String, OciMount>();
        for (var mount : defaults(spec.shmSizeBytes().orElse(DEFAULT_SHM))) {
            byPlace.put(mount.destination(), mount);
        }
        var rest = new LinkedHashMap<String, OciMount>();
        file(rest, "/etc/resolv.conf", network.resolvConf());
        file(rest, "/etc/hosts", network.hosts());
        file(rest, "/etc/hostname", network.hostnameFile());
        var asked = new java.util.HashSet<String>();
        for (var mount : wanted) {
            var place = place(mount.destination());
            if (!asked.add(place)) {
                throw FaultException.invalid("two mounts at %s", Names.quote(place));
            }
            byPlace.remove(place);
            rest.put(place, asked(mount, place, sources));
        }
        var sorted = new ArrayList<>(rest.values());
        sorted.sort(Comparator.comparingInt(m -> depth(m.destination())));
        var all = new ArrayList<>(byPlace.values());
        all.addAll(sorted);
        return List.copyOf(all);
    }

    private static List<OciMount> defaults(long shmBytes) {
        if (shmBytes <= 0) {
            throw FaultException.invalid("shm size %d is not above 0", shmBytes);
        }
        return List.of(
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
                new OciMount("/sys", "sysfs", "sysfs", List.of("nosuid", "noexec", "nodev", "ro")),
                new OciMount(
                        "/sys/fs/cgroup",
                        "cgroup",
                        "cgroup",
                        List.of("ro", "nosuid", "noexec", "nodev")),
                new OciMount(
                        "/dev/mqueue", "mqueue", "mqueue", List.of("nosuid", "noexec", "nodev")),
                new OciMount(
                        "/dev/shm",
                        "tmpfs",
                        "shm",
                        List.of("nosuid", "noexec", "nodev", "mode=1777", "size=" + shmBytes)));
    }

    private static void file(Map<String, OciMount> mounts, String place, String source) {
        if (!source.isEmpty()) {
            mounts.put(place, new OciMount(place, "bind", source, List.of("rbind", "rprivate")));
        }
    }

    private static OciMount asked(OciMount mount, String place, MountSources sources) {
        return switch (mount.type()) {
            case "", "bind" -> {
                if (!mount.source().startsWith("/")) {
                    throw FaultException.invalid(
                            "bind source %s is not an absolute path", Names.quote(mount.source()));
                }
                yield new OciMount(place, "bind", mount.source(), bindOptions(mount.options()));
            }
            case "volume" -> {
                var path = sources.volumes().get(mount.source());
                if (path == null) {
                    throw FaultException.invalid(
                            "volume %s has no path", Names.quote(mount.source()));
                }
                var options = new ArrayList<>(mount.options());
                options.remove(SpecBuilder.NO_COPY);
                yield new OciMount(place, "bind", path, bindOptions(options));
            }
            case SpecBuilder.IMAGE -> {
                var view = sources.images().get(mount.source());
                if (view == null) {
                    throw FaultException.invalid(
                            "image %s is not shown", Names.quote(mount.source()));
                }
                yield image(mount, place, view);
            }
            case "tmpfs" -> {
                var options = new ArrayList<>(List.of("nosuid", "nodev", "noexec"));
                for (var option : mount.options()) {
                    options.remove("no" + option); // exec, suid and dev take the default back
                    options.add(option);
                }
                yield new OciMount(place, "tmpfs", "tmpfs", options);
            }
            default ->
                    throw FaultException.invalid(
                            "mount type %s at %s is none of bind, volume, tmpfs, image",
                            Names.quote(mount.type()), Names.quote(place));
        };
    }

    /** Never writable, and without what an image could do to a host that trusts it. */
    private static OciMount image(OciMount mount, String place, Rootfs view) {
        var options = new ArrayList<>(List.of("ro", "nosuid", "nodev"));
        options.addAll(mount.options());
        if (view.lowerdirs().isEmpty()) {
            return new OciMount(place, "bind", view.upperdir(), bindOptions(options));
        }
        options.addAll(view.options());
        view.lowerdirs().forEach(layer -> options.add("lowerdir=" + layer));
        return new OciMount(place, "overlay", "overlay", options);
    }

    private static List<String> bindOptions(List<String> options) {
        var out = new ArrayList<>(options);
        if (!out.contains("bind") && !out.contains("rbind")) {
            out.add(0, "rbind");
        }
        if (out.stream().noneMatch(o -> o.matches("r?(private|shared|slave|unbindable)"))) {
            out.add("rprivate");
        }
        return List.copyOf(out);
    }

    /**
     * The destination without needless slashes. The root and /proc are refused: what is mounted
     * there would deceive the launcher's own writes to /proc (security.md row 5), and so are dots.
     */
    static String place(String destination) {
        var parts = new ArrayList<String>();
        for (var part : destination.split("/")) {
            if (part.equals("..") || part.chars().anyMatch(c -> c < 0x20)) {
                throw FaultException.invalid(
                        "mount destination %s is refused", Names.quote(destination));
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        if (parts.isEmpty() || parts.getFirst().equals("proc")) {
            throw FaultException.invalid(
                    "mount destination %s is refused: / and /proc are the container's own",
                    Names.quote(destination));
        }
        return "/" + String.join("/", parts);
    }

    private static int depth(String place) {
        return (int) place.chars().filter(c -> c == '/').count();
    }
}
