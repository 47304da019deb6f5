package dev.gantry.namespace.plan;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.OciSpec.Device;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Device nodes and links under /dev, config-linux.md, "Default Devices" and "Device symbolic
 * links".
 */
final class Devices {
    private static final int S_IFIFO = 0010000;
    private static final int S_IFCHR = 0020000;
    private static final int S_IFBLK = 0060000;

    private static final List<Device> DEFAULTS =
            List.of(
                    character("/dev/null", 1, 3),
                    character("/dev/zero", 1, 5),
                    character("/dev/full", 1, 7),
                    character("/dev/random", 1, 8),
                    character("/dev/urandom", 1, 9),
                    character("/dev/tty", 5, 0));

    static final List<PlanOp> LINKS =
            List.of(
                    new PlanOp.Symlink("/proc/self/fd", "/dev/fd"),
                    new PlanOp.Symlink("/proc/self/fd/0", "/dev/stdin"),
                    new PlanOp.Symlink("/proc/self/fd/1", "/dev/stdout"),
                    new PlanOp.Symlink("/proc/self/fd/2", "/dev/stderr"));

    private Devices() {}

    private static Device character(String path, long major, long minor) {
        return new Device(
                "c", path, major, minor, Optional.of(0666), Optional.empty(), Optional.empty());
    }

    /** What was asked for, and the defaults where it does not name them. */
    static List<Device> complete(List<Device> asked) {
        var named = asked.stream().map(Device::path).collect(Collectors.toSet());
        var all = new ArrayList<Device>();
        DEFAULTS.stream().filter(d -> !named.contains(d.path())).forEach(all::add);
        all.addAll(asked);
        return all;
    }

    /** The node; in a user namespace mknod is not allowed, so the host's own is bound. */
    static PlanOp.Mknod node(Device device, boolean bind) {
        Paths.checkInside("device path", device.path());
        int full = device.fileMode().orElse(0666);
        int mode = full & 07777;
        if (full != mode && full != (mode | type(device))) { // callers of runc give all of st_mode
            throw FaultException.invalid(
                    "device %s: file mode 0%o has more than permission bits and its own type",
                    Names.quote(device.path()), full);
        }
        number("major", device.path(), device.major());
        number("minor", device.path(), device.minor());
        return new PlanOp.Mknod(
                device.path(),
                type(device) | mode,
                device.major(),
                device.minor(),
                device.uid().map(id -> IdMaps.checkId("device uid", id)).orElse(0L),
                device.gid().map(id -> IdMaps.checkId("device gid", id)).orElse(0L),
                bind);
    }

    private static void number(String what, String path, long number) {
        if (number < 0 || number > 0xfffff) {
            throw FaultException.invalid(
                    "device %s: %s %d is not within 0..1048575", Names.quote(path), what, number);
        }
    }

    private static int type(Device device) {
        return switch (device.type() == null ? "" : device.type()) {
            case "c", "u" -> S_IFCHR;
            case "b" -> S_IFBLK;
            case "p" -> S_IFIFO;
            default ->
                    throw FaultException.invalid(
                            "device %s: type %s is not c, u, b or p",
                            Names.quote(device.path()), Names.quote(device.type()));
        };
    }
}
