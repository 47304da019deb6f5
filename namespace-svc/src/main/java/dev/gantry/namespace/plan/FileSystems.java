package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.Map;
import java.util.Set;

/** The file systems that a container may mount, and the options that each takes by itself. */
final class FileSystems {
    /** Of the kernel, made for the container: their options are known here. */
    private static final Map<String, Set<String>> KEYS =
            Map.of(
                    "tmpfs",
                    Set.of("size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "huge", "mpol"),
                    "devpts",
                    Set.of("mode", "ptmxmode", "uid", "gid", "max"),
                    "proc",
                    Set.of("hidepid", "gid", "subset"),
                    "overlay",
                    Set.of(
                            "lowerdir",
                            "upperdir",
                            "workdir",
                            "redirect_dir",
                            "index",
                            "metacopy",
                            "xino"),
                    "sysfs",
                    Set.of(),
                    "mqueue",
                    Set.of(),
                    "cgroup",
                    Set.of(),
                    "cgroup2",
                    Set.of(),
                    "bind",
                    Set.of());

    private static final Map<String, Set<String>> FLAGS =
            Map.of("overlay", Set.of("userxattr", "volatile"), "tmpfs", Set.of("noswap"));

    /** Of a device, or of the host's kernel: their options are the kernel's to judge. */
    private static final Set<String> OTHERS =
            Set.of(
                    "ramfs",
                    "hugetlbfs",
                    "securityfs",
                    "debugfs",
                    "tracefs",
                    "bpf",
                    "ext4",
                    "xfs",
                    "btrfs",
                    "squashfs",
                    "erofs",
                    "iso9660",
                    "vfat");

    private static final Set<String> FLAGS_OF_ANY = Set.of("sync", "dirsync", "lazytime");

    private FileSystems() {}

    static boolean known(String type) {
        return KEYS.containsKey(type) || OTHERS.contains(type);
    }

    /** An option of the file system itself, or a fault that names it. */
    static PlanOp.Option option(String type, String destination, String option) {
        int equals = option.indexOf('=');
        String key = equals < 0 ? option : option.substring(0, equals);
        String value = equals < 0 ? "" : option.substring(equals + 1);
        boolean known =
                equals < 0
                        ? !type.equals("bind") && FLAGS_OF_ANY.contains(key)
                                || FLAGS.getOrDefault(type, Set.of()).contains(key)
                                || OTHERS.contains(type) && !key.isEmpty()
                        : !value.isEmpty()
                                && (KEYS.getOrDefault(type, Set.of()).contains(key)
                                        || OTHERS.contains(type) && !key.isEmpty());
        // before Linux 6.5 overlayfs takes all options as one string
        if (!known || type.equals("overlay") && value.contains(",")) {
            throw FaultException.invalid(
                    "mount %s on %s: unknown option %s",
                    type, Names.quote(destination), Names.quote(option));
        }
        return new PlanOp.Option(key, value);
    }
}
