package dev.gantry.bus.contract.storage;

import dev.gantry.bus.contract.Absent;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code config} of an OCI image configuration (image-spec config.md): defaults for its containers.
 */
public record ImageConfig(
        String user,
        List<String> env,
        List<String> entrypoint,
        List<String> cmd,
        String workingDir,
        Map<String, String> labels,
        List<String> exposedPorts,
        List<String> volumes,
        Optional<String> stopSignal) {
    /** No defaults. */
    public static final ImageConfig EMPTY =
            new ImageConfig(null, null, null, null, null, null, null, null, null);

    /** Absent parts are empty. */
    public ImageConfig {
        user = Absent.orEmpty(user);
        env = Absent.orEmpty(env);
        entrypoint = Absent.orEmpty(entrypoint);
        cmd = Absent.orEmpty(cmd);
        workingDir = Absent.orEmpty(workingDir);
        labels = Absent.orEmpty(labels);
        exposedPorts = Absent.orEmpty(exposedPorts);
        volumes = Absent.orEmpty(volumes);
        stopSignal = Absent.orEmpty(stopSignal);
    }
}
