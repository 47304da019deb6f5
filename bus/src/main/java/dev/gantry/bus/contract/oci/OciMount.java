package dev.gantry.bus.contract.oci;

import com.fasterxml.jackson.annotation.JsonInclude;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;

/** An entry of {@code mounts} (config.md, "Mounts"): type is {@code bind} or a file system name. */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record OciMount(
        String destination,
        String type,
        String source,
        List<String> options,
        List<OciSpec.IdMapping> uidMappings,
        List<OciSpec.IdMapping> gidMappings) {
    /** Checks that the destination is absolute. */
    public OciMount {
        type = Absent.orEmpty(type);
        source = Absent.orEmpty(source);
        options = Absent.orEmpty(options);
        uidMappings = Absent.orEmpty(uidMappings);
        gidMappings = Absent.orEmpty(gidMappings);
        if (destination == null || !destination.startsWith("/")) {
            throw FaultException.invalid(
                    "mount destination %s is not an absolute path", destination);
        }
    }

    /** A mount with the ids of its file system. */
    public OciMount(String destination, String type, String source, List<String> options) {
        this(destination, type, source, options, List.of(), List.of());
    }
}
