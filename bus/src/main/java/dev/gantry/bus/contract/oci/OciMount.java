package dev.gantry.bus.contract.oci;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;

/** An entry of {@code mounts} (config.md, "Mounts"): type is {@code bind} or a file system name. */
public record OciMount(String destination, String type, String source, List<String> options) {
    /** Checks that the destination is absolute. */
    public OciMount {
        type = Absent.orEmpty(type);
        source = Absent.orEmpty(source);
        options = Absent.orEmpty(options);
        if (destination == null || !destination.startsWith("/")) {
            throw FaultException.invalid(
                    "mount destination %s is not an absolute path", destination);
        }
    }
}
