package dev.gantry.network.state;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Hands out addresses and subnets. What is taken is known from the records, so a restart forgets
 * nothing; an address given back is used again only after the rest of its subnet, so that no
 * neighbour's ARP entry is stale.
 */
public final class AddressPool {
    private final Map<String, Set<Ipv4>> taken = new HashMap<>();
    private final Map<String, Integer> cursors = new HashMap<>();

    /** An address that nobody has on this network. */
    public synchronized Ipv4 take(NetworkRecord network) {
        var subnet = network.range();
        var gateway = Ipv4.parse(network.gateway());
        var used = taken.computeIfAbsent(network.name(), _ -> new HashSet<>());
        long hosts = subnet.hosts();
        int cursor = cursors.getOrDefault(network.name(), 0);
        for (long tried = 0; tried < hosts; tried++) {
            cursor = (int) (cursor % hosts) + 1;
            var candidate = subnet.base().plus(cursor);
            if (!candidate.equals(gateway) && used.add(candidate)) {
                cursors.put(network.name(), cursor);
                return candidate;
            }
        }
        throw FaultException.of(
                FaultCode.RESOURCE_EXHAUSTED,
                "network %s has no free address left in %s",
                network.name(),
                network.subnet());
    }

    /** Marks an address as taken. */
    public synchronized void mark(String network, Ipv4 address) {
        taken.computeIfAbsent(network, _ -> new HashSet<>()).add(address);
    }

    /** Gives an address back. */
    public synchronized void give(String network, Ipv4 address) {
        taken.getOrDefault(network, new HashSet<>()).remove(address);
    }

    /**
     * A subnet that overlaps none of those. Podman takes 10.88.0.0/16 whoever has it already, and
     * goes on upwards for further networks; Docker begins at 172.17.0.0/16, Kubernetes at
     * 10.96.0.0/12: so these come from below.
     *
     * @param wide 65534 addresses, for the default network; else 254
     */
    public static Subnet freeSubnet(boolean wide, Collection<Subnet> occupied) {
        Stream<Subnet> candidates =
                wide
                        ? Stream.concat(tens(64, 87, 16), Stream.of(Subnet.parse("172.28.0.0/16")))
                        : tens(65, 87, 24);
        return candidates
                .filter(candidate -> occupied.stream().noneMatch(candidate::overlaps))
                .findFirst()
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.RESOURCE_EXHAUSTED,
                                        "no subnet is free within 10.64.0.0-10.87.255.255: give"
                                                + " one with --subnet"));
    }

    private static Stream<Subnet> tens(int first, int last, int prefix) {
        int step = 1 << 32 - prefix;
        int count = (last - first + 1) << prefix - 16;
        var base = new Ipv4(10 << 24 | first << 16);
        return IntStream.range(0, count).mapToObj(i -> new Subnet(base.plus(i * step), prefix));
    }
}
