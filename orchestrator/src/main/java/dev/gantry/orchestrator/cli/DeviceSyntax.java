package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.LinuxResources.DeviceRule;
import dev.gantry.bus.contract.oci.OciSpec.Device;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Devices as {@code --device} writes them: {@code /dev/fuse[:/dev/fuse[:rwm]]}. */
final class DeviceSyntax {
    private static final int TYPE_MASK = 0170000;
    private static final int CHARACTER = 0020000;
    private static final int BLOCK = 0060000;

    /** A device node in the container, and the right to use it. */
    record Grant(Device device, DeviceRule rule) {}

    private DeviceSyntax() {}

    static Grant parse(String text) {
        var parts = text.split(":", -1);
        var access = parts.length > 2 ? parts[2] : "rwm";
        if (parts.length > 3 || parts[0].isEmpty() || !access.matches("[rwm]{1,3}")) {
            throw FaultException.invalid(
                    "--device %s is not HOST[:CONTAINER[:rwm]]", Names.quote(text));
        }
        var host = Path.of(parts[0]);
        var inside = parts.length > 1 && !parts[1].isEmpty() ? parts[1] : parts[0];
        try {
            int mode = (Integer) Files.getAttribute(host, "unix:mode");
            long number = (Long) Files.getAttribute(host, "unix:rdev");
            // The encoding of gnu_dev_major(3) and gnu_dev_minor(3).
            long major = number >>> 8 & 0xfff | number >>> 32 & ~0xfffL;
            long minor = number & 0xff | number >>> 12 & ~0xffL;
            var type =
                    switch (mode & TYPE_MASK) {
                        case CHARACTER -> "c";
                        case BLOCK -> "b";
                        default ->
                                throw FaultException.invalid(
                                        "--device %s: %s is not a device", Names.quote(text), host);
                    };
            return new Grant(
                    new Device(
                            type,
                            inside,
                            major,
                            minor,
                            Optional.of(mode & 0777),
                            Optional.of(0L),
                            Optional.of(0L)),
                    new DeviceRule(true, type, Optional.of(major), Optional.of(minor), access));
        } catch (IOException e) {
            throw FaultException.invalid(
                    "--device %s: %s cannot be read: %s", Names.quote(text), host, e);
        }
    }
}
