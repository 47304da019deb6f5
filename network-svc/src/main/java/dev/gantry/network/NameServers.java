package dev.gantry.network;

import dev.gantry.network.state.NetworkRecord;

/** A name server on the gateway of each bridge network. */
interface NameServers {
    /** Listens, and returns the network with the port; the network as it is if it does already. */
    NetworkRecord listen(NetworkRecord network);

    /** Stops listening. */
    void close(NetworkRecord network);
}
