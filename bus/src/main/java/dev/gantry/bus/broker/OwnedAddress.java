package dev.gantry.bus.broker;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** A service address: who owns it, and what waits while nobody does. */
final class OwnedAddress {
    final Deque<RoutedRequest> waiting = new ArrayDeque<>();
    Optional<ConnectedPeer> owner = Optional.empty();
    long sinceMillis = System.currentTimeMillis();

    void setOwner(Optional<ConnectedPeer> next) {
        owner = next;
        sinceMillis = System.currentTimeMillis();
    }
}
