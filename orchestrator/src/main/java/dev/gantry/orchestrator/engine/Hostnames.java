package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.spec.JoinedNetwork;
import dev.gantry.orchestrator.store.Containers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a container calls itself. */
final class Hostnames {
    private static final Path HOST = Path.of("/proc/sys/kernel/hostname");

    private Hostnames() {}

    /**
     * The name asked for; else on the host's network the host's, on another container's network
     * that one's, and by default the short id.
     */
    static String of(ContainerRecord container, Containers all) {
        var spec = container.spec();
        return spec.hostname().orElseGet(() -> byNetwork(container, all));
    }

    private static String byNetwork(ContainerRecord container, Containers all) {
        var network = container.spec().network();
        if (network.equals("host")) {
            try {
                return Files.readString(HOST).strip();
            } catch (IOException unreadable) {
                return container.shortId();
            }
        }
        return JoinedNetwork.container(network)
                .flatMap(all::byId)
                .flatMap(other -> other.record().oci())
                .map(OciSpec::hostname)
                .filter(name -> !name.isEmpty())
                .orElseGet(container::shortId);
    }
}
