package dev.gantry.bus.broker;

import dev.gantry.bus.contract.bus.BusResult;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** What the broker says of itself on {@code bus.v1}. */
final class Introspection {
    private final long startedMillis = System.currentTimeMillis();
    private final Collection<ConnectedPeer> peers;
    private final Router router;
    private final Counters counters;

    Introspection(Collection<ConnectedPeer> peers, Router router, Counters counters) {
        this.peers = peers;
        this.router = router;
        this.counters = counters;
    }

    BusResult.Status status() {
        var addresses = new ArrayList<BusResult.AddressStatus>();
        router.addresses()
                .forEach(
                        (name, address) ->
                                addresses.add(
                                        new BusResult.AddressStatus(
                                                name,
                                                address.owner.map(owner -> owner.peer.identity()),
                                                address.owner.map(owner -> owner.peer.pid()),
                                                address.sinceMillis,
                                                router.atWork(name),
                                                address.waiting.size())));
        return new BusResult.Status(
                startedMillis,
                peers.stream().map(Introspection::peer).toList(),
                addresses,
                counters.all());
    }

    private static BusResult.PeerStatus peer(ConnectedPeer peer) {
        return new BusResult.PeerStatus(
                peer.peer.identity(),
                peer.peer.uid(),
                peer.peer.pid(),
                peer.connectedMillis,
                List.copyOf(peer.owns),
                List.copyOf(peer.subscribes),
                peer.unreadBytes());
    }
}
