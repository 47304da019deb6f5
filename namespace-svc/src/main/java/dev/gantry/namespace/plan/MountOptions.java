package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The options of a mount, taken apart into what the kernel calls want (mount_setattr(2), fsconfig).
 * An option that is not known is refused by name: nothing that was asked for is left out silently.
 *
 * @param set MOUNT_ATTR_* to set
 * @param clear MOUNT_ATTR_* to clear
 * @param propagation MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE, or 0 where none was named
 * @param bind whether bind or rbind was among them
 * @param recursive rbind
 * @param attributesRecursive whether set and clear count for submounts too
 * @param data options of the file system itself
 */
public record MountOptions(
        long set,
        long clear,
        int propagation,
        boolean bind,
        boolean recursive,
        boolean attributesRecursive,
        List<PlanOp.Option> data) {
    static final long RDONLY = 1;
    static final long NOSUID = 2;
    static final long NODEV = 4;
    static final long NOEXEC = 8;
    private static final long ATIME = 0x70;
    private static final long NOATIME = 0x10;
    private static final long STRICTATIME = 0x20;
    private static final long NODIRATIME = 0x80;
    private static final long NOSYMFOLLOW = 0x200000;

    static final int MS_UNBINDABLE = 1 << 17;
    static final int MS_PRIVATE = 1 << 18;
    static final int MS_SLAVE = 1 << 19;
    static final int MS_SHARED = 1 << 20;

    private record Change(long set, long clear) {}

    private static final Map<String, Change> ATTRIBUTES =
            Map.ofEntries(
                    Map.entry("ro", new Change(RDONLY, 0)),
                    Map.entry("rw", new Change(0, RDONLY)),
                    Map.entry("nosuid", new Change(NOSUID, 0)),
                    Map.entry("suid", new Change(0, NOSUID)),
                    Map.entry("nodev", new Change(NODEV, 0)),
                    Map.entry("dev", new Change(0, NODEV)),
                    Map.entry("noexec", new Change(NOEXEC, 0)),
                    Map.entry("exec", new Change(0, NOEXEC)),
                    // the kernel wants the whole atime mask cleared where one of its values is set
                    Map.entry("noatime", new Change(NOATIME, ATIME)),
                    Map.entry("strictatime", new Change(STRICTATIME, ATIME)),
                    Map.entry("relatime", new Change(0, ATIME)),
                    Map.entry("atime", new Change(0, ATIME)),
                    Map.entry("nodiratime", new Change(NODIRATIME, 0)),
                    Map.entry("diratime", new Change(0, NODIRATIME)),
                    Map.entry("nosymfollow", new Change(NOSYMFOLLOW, 0)),
                    Map.entry("symfollow", new Change(0, NOSYMFOLLOW)));

    private static final Set<String> FLAGS_OF_ANY = Set.of("sync", "dirsync", "lazytime");

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
                    "bind",
                    Set.of());

    private static final Map<String, Set<String>> FLAGS =
            Map.of("overlay", Set.of("userxattr", "volatile"), "tmpfs", Set.of("noswap"));

    /** No option at all. */
    public static final MountOptions NONE =
            new MountOptions(0, 0, 0, false, false, false, List.of());

    /** Takes the options of a mount apart. */
    static MountOptions parse(OciMount mount) {
        long set = 0;
        long clear = 0;
        int propagation = 0;
        boolean bind = false;
        boolean recursive = false;
        boolean deep = false;
        var data = new ArrayList<PlanOp.Option>();
        for (String option : mount.options()) {
            boolean forAll = option.startsWith("r") && ATTRIBUTES.containsKey(option.substring(1));
            var change = ATTRIBUTES.get(forAll ? option.substring(1) : option);
            if (change != null) {
                deep |= forAll;
                set = set & ~change.clear() | change.set();
                clear = clear & ~change.set() | change.clear();
                continue;
            }
            switch (option) {
                case "bind" -> bind = true;
                case "rbind" -> {
                    bind = true;
                    recursive = true;
                }
                case "private", "rprivate" -> propagation = MS_PRIVATE;
                case "slave", "rslave" -> propagation = MS_SLAVE;
                case "unbindable", "runbindable" -> propagation = MS_UNBINDABLE;
                case "shared", "rshared" -> throw sharedWithTheHost(mount, option);
                case "defaults", "newinstance" -> {
                    // what happens anyway
                }
                default -> data.add(fileSystemOption(mount, option));
            }
        }
        return new MountOptions(set, clear, propagation, bind, recursive, deep, data);
    }

    private static PlanOp.Option fileSystemOption(OciMount mount, String option) {
        boolean binds =
                mount.type().equals("bind")
                        || mount.options().contains("bind")
                        || mount.options().contains("rbind");
        String type = binds ? "bind" : mount.type();
        int equals = option.indexOf('=');
        String key = equals < 0 ? option : option.substring(0, equals);
        String value = equals < 0 ? "" : option.substring(equals + 1);
        boolean known =
                equals < 0
                        ? !binds && FLAGS_OF_ANY.contains(key)
                                || FLAGS.getOrDefault(type, Set.of()).contains(key)
                        : !value.isEmpty() && KEYS.getOrDefault(type, Set.of()).contains(key);
        // before Linux 6.5 overlayfs takes all options as one string
        if (!known || type.equals("overlay") && value.contains(",")) {
            throw FaultException.invalid(
                    "mount %s on %s: unknown option %s",
                    type, Names.quote(mount.destination()), Names.quote(option));
        }
        return new PlanOp.Option(key, value);
    }

    private static FaultException sharedWithTheHost(OciMount mount, String option) {
        return FaultException.of(
                FaultCode.UNSUPPORTED,
                "mount on %s: option %s would carry the container's mounts to the host (security: a"
                        + " container's mount namespace is cut off from the host's); use rslave",
                Names.quote(mount.destination()),
                option);
    }

    /** Without the parts that only a bind has. */
    MountOptions withData(List<PlanOp.Option> other) {
        return new MountOptions(
                set, clear, propagation, bind, recursive, attributesRecursive, other);
    }

    /** As mount(8) would be given them, comma-separated. */
    String words() {
        var out = new ArrayList<String>();
        ATTRIBUTES.forEach(
                (name, change) -> {
                    if (change.set() != 0 && (set & change.set()) == change.set()) {
                        out.add(name);
                    }
                });
        out.sort(null);
        data.forEach(o -> out.add(o.value().isEmpty() ? o.key() : o.key() + "=" + o.value()));
        return String.join(",", out);
    }
}
