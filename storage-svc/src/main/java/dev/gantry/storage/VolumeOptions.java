package dev.gantry.storage;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The options of a volume, in the words of Docker's driver {@code local}. What it would mount and a
 * container of Gantry does not is refused by name.
 *
 * @param device a directory of the host that is the volume
 */
record VolumeOptions(Optional<String> device) {
    private static final List<String> BIND = List.of("bind", "rbind");

    /** Of projects (quotactl(2), PRJQUOTA), or of subvolumes. */
    private static final List<String> WITH_QUOTAS = List.of("ext4", "xfs", "f2fs", "btrfs", "zfs");

    /**
     * Checks the options of a volume.
     *
     * @param fileSystem where volumes are; asked only for a refusal
     */
    static VolumeOptions of(
            String volume, Map<String, String> options, Supplier<String> fileSystem) {
        if (options.isEmpty()) {
            return new VolumeOptions(Optional.empty());
        }
        for (var key : options.keySet()) {
            if (key.equals("size")) {
                var name = fileSystem.get();
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "volume %s: option size: %s; a tmpfs can be limited (--tmpfs"
                                + " PATH:size=SIZE)",
                        volume,
                        WITH_QUOTAS.contains(name)
                                ? name
                                        + " has quotas, but setting one takes CAP_SYS_ADMIN, which"
                                        + " storage-svc does not hold"
                                : name + " has no quota for a directory");
            }
            if (!List.of("type", "o", "device").contains(key)) {
                throw FaultException.invalid(
                        "volume %s: the option %s is none of type, o, device, size",
                        volume, Names.quote(key));
            }
        }
        var type = options.getOrDefault("type", "none");
        if (!type.equals("none") && !BIND.contains(type)) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "volume %s: type %s: only none, a directory of the host (o=bind), can be a"
                            + " volume",
                    volume,
                    Names.quote(type));
        }
        for (var option : options.getOrDefault("o", "bind").split(",")) {
            if (!BIND.contains(option) && !option.equals("rw")) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "volume %s: the option %s in o= is none of bind, rbind, rw; others go with"
                                + " the mount",
                        volume,
                        Names.quote(option));
            }
        }
        var device = options.getOrDefault("device", "");
        if (!device.startsWith("/") || device.indexOf('\0') >= 0) {
            throw FaultException.invalid(
                    "volume %s: device %s is not an absolute path", volume, Names.quote(device));
        }
        return new VolumeOptions(Optional.of(device));
    }
}
