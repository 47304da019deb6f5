package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.OciSpec.Namespace;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.spec.JoinedNetwork;
import dev.gantry.orchestrator.store.Containers;

import java.util.Optional;

/** In which network namespace a container runs. */
final class NetworkNamespaces {
    private static final String TYPE = "network";
    private static final String NONE = "none";

    private NetworkNamespaces() {}

    /**
     * That which network-svc has made. Where it has none to make, a container on the network none
     * gets one with its other namespaces, one that joins another container gets that one's, and
     * what is left is on the host's network (empty).
     */
    static Optional<Namespace> of(Attached attached, String network, Containers containers) {
        if (attached.netns().isPresent()) {
            return Optional.of(new Namespace(TYPE, attached.netns()));
        }
        if (network.equals(NONE)) {
            return Optional.of(new Namespace(TYPE, Optional.empty()));
        }
        return JoinedNetwork.container(network).flatMap(id -> joined(id, containers));
    }

    private static Optional<Namespace> joined(String id, Containers containers) {
        var target = containers.find(id).record();
        var network = target.spec().network();
        var further = JoinedNetwork.container(network);
        if (further.isPresent()) {
            return joined(further.get(), containers);
        }
        if (!network.equals(NONE)) {
            return Optional.empty();
        }
        if (target.state() instanceof Live live) {
            return Optional.of(new Namespace(TYPE, Optional.of("/proc/" + live.pid() + "/ns/net")));
        }
        throw Refusal.state("join the network of", target, "start it first");
    }
}
