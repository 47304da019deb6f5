package dev.gantry.orchestrator.spec;

import java.util.Optional;

/** The network of a container that joins another's: {@code container:NAME}. */
public final class JoinedNetwork {
    private static final String PREFIX = "container:";

    private JoinedNetwork() {}

    /** The network that names a container. */
    public static String named(String container) {
        return PREFIX + container;
    }

    /** The container that a network names; empty where it is another kind of network. */
    public static Optional<String> container(String network) {
        return network.startsWith(PREFIX)
                ? Optional.of(network.substring(PREFIX.length()))
                : Optional.empty();
    }
}
