package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The options of a mount (config.md, "Linux mount options"), taken apart into what the kernel calls
 * want: mount_setattr(2), open_tree(2), fsconfig. An option that is not known is refused by name:
 * nothing that was asked for is left out silently.
 *
 * @param here attributes of the mount itself
 * @param below attributes of it and of all mounts below
 * @param propagation MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE, or 0 where none was named
 * @param propagationBelow whether that counts for the mounts below too
 * @param bind whether bind or rbind was among them
 * @param recursive rbind: with the mounts below
 * @param copyUp tmpcopyup: a tmpfs begins with what it covers
 * @param idMap whether ids are mapped
 * @param data options of the file system itself
 */
public record MountOptions(
        Change here,
        Change below,
        int propagation,
        boolean propagationBelow,
        boolean bind,
        boolean recursive,
        boolean copyUp,
        IdMap idMap,
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

    /** Whether ids are mapped: not at all, on the mount itself, on those below too. */
    public enum IdMap {
        NONE,
        HERE,
        BELOW
    }

    /** MOUNT_ATTR_* to set and to clear. */
    public record Change(long set, long clear) {
        static final Change NONE = new Change(0, 0);

        Change then(Change later) {
            return new Change(set & ~later.clear | later.set, clear & ~later.set | later.clear);
        }

        Change without(long attribute) {
            return new Change(set & ~attribute, clear & ~attribute);
        }
    }

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
                    // back to the kernel's default, which is relatime
                    Map.entry("norelatime", new Change(0, ATIME)),
                    Map.entry("nostrictatime", new Change(0, ATIME)),
                    Map.entry("nodiratime", new Change(NODIRATIME, 0)),
                    Map.entry("diratime", new Change(0, NODIRATIME)),
                    Map.entry("nosymfollow", new Change(NOSYMFOLLOW, 0)),
                    Map.entry("symfollow", new Change(0, NOSYMFOLLOW)));

    private static final Map<String, Integer> PROPAGATIONS =
            Map.of(
                    "private",
                    MS_PRIVATE,
                    "slave",
                    MS_SLAVE,
                    "shared",
                    MS_SHARED,
                    "unbindable",
                    MS_UNBINDABLE);

    /** What mount(8) knows and cannot be carried out, with the reason. */
    private static final Map<String, String> REFUSED =
            Map.of(
                    "mand", "the kernel has no mandatory locks any more",
                    "iversion", "the kernel chooses it by file system",
                    "remount", "a mount of a container is made, not changed");

    /** No option at all. */
    public static final MountOptions NONE =
            new MountOptions(
                    Change.NONE, Change.NONE, 0, false, false, false, false, IdMap.NONE, List.of());

    /** Takes the options of a mount apart. */
    static MountOptions parse(OciMount mount) {
        var here = Change.NONE;
        var below = Change.NONE;
        int propagation = 0;
        boolean propagationBelow = false;
        boolean copyUp = false;
        var idMap = IdMap.NONE;
        var data = new ArrayList<PlanOp.Option>();
        boolean recursive = mount.options().contains("rbind");
        boolean bind = recursive || mount.options().contains("bind") || mount.type().equals("bind");
        String type = bind ? "bind" : mount.type();
        for (String option : mount.options()) {
            boolean all = option.startsWith("r") && option.length() > 2;
            String plain = all ? option.substring(1) : option;
            if (ATTRIBUTES.containsKey(option)) {
                here = here.then(ATTRIBUTES.get(option));
            } else if (all && ATTRIBUTES.containsKey(plain)) {
                below = below.then(ATTRIBUTES.get(plain));
                here = Change.NONE.equals(here) ? here : here.then(ATTRIBUTES.get(plain));
            } else if (PROPAGATIONS.containsKey(plain)) {
                propagation = PROPAGATIONS.get(plain);
                propagationBelow = all;
            } else if (REFUSED.containsKey(option)) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "mount on %s: option %s: %s",
                        Names.quote(mount.destination()),
                        option,
                        REFUSED.get(option));
            } else {
                switch (option) {
                    case "idmap" -> idMap = IdMap.HERE;
                    case "ridmap" -> idMap = IdMap.BELOW;
                    case "tmpcopyup" -> copyUp = true;
                    case "async" -> data.removeIf(o -> o.key().equals("sync"));
                    case "nolazytime" -> data.removeIf(o -> o.key().equals("lazytime"));
                    case "bind",
                            "rbind",
                            "defaults",
                            "newinstance",
                            "silent",
                            "loud",
                            "nomand",
                            "noiversion" -> {
                        // said already, or what happens anyway
                    }
                    default -> data.add(FileSystems.option(type, mount.destination(), option));
                }
            }
        }
        check(mount, type, copyUp, idMap);
        return new MountOptions(
                here, below, propagation, propagationBelow, bind, recursive, copyUp, idMap, data);
    }

    private static void check(OciMount mount, String type, boolean copyUp, IdMap idMap) {
        if (copyUp && !type.equals("tmpfs")) {
            throw FaultException.invalid(
                    "mount on %s: option tmpcopyup is of a tmpfs, not of a %s",
                    Names.quote(mount.destination()), type);
        }
        boolean maps = !mount.uidMappings().isEmpty() || !mount.gidMappings().isEmpty();
        if ((maps || idMap != IdMap.NONE) && !type.equals("bind")) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "mount on %s: only a bind can be id-mapped, not a %s",
                    Names.quote(mount.destination()),
                    type);
        }
    }

    /** As a bind has them: every mount says how it propagates. */
    MountOptions forBind() {
        return new MountOptions(
                here,
                below,
                propagation == 0 ? MS_PRIVATE : propagation,
                propagation == 0 ? recursive : propagationBelow,
                true,
                recursive,
                false,
                idMap,
                List.of());
    }

    /** The attributes alone, with other data. */
    MountOptions withData(List<PlanOp.Option> other) {
        return new MountOptions(here, below, 0, false, false, false, false, IdMap.NONE, other);
    }

    /** Without one of the attributes, alone. */
    MountOptions without(long attribute) {
        return new MountOptions(
                here.without(attribute),
                below.without(attribute),
                0,
                false,
                false,
                false,
                false,
                IdMap.NONE,
                List.of());
    }

    /** As mount(8) would be given them, comma-separated. */
    String words() {
        var out = new ArrayList<String>();
        ATTRIBUTES.forEach(
                (name, change) -> {
                    if (change.set() != 0 && (here.set() & change.set()) == change.set()) {
                        out.add(name);
                    }
                    if (change.set() != 0 && (below.set() & change.set()) == change.set()) {
                        out.add(name + "=recursive");
                    }
                });
        out.sort(null);
        data.forEach(o -> out.add(o.value().isEmpty() ? o.key() : o.key() + "=" + o.value()));
        return String.join(",", out);
    }
}
