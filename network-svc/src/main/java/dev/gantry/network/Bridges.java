package dev.gantry.network;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.network.dns.NettyNameServers;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.netlink.NetlinkBatch;
import dev.gantry.network.netlink.RouteRequests;
import dev.gantry.network.nft.Firewall;
import dev.gantry.network.state.AddressPool;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;
import dev.gantry.network.state.Subnet;

import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * The networks' bridges: made when the first container comes, so that no one pays for idle ones.
 */
final class Bridges {
    static final String DEFAULT_NETWORK = "gantry0";
    static final int MTU = 1500;
    private final NetworkKernel kernel;
    private final Records records;
    private final Firewall firewall;
    private final Forwarding forwarding;
    private final NettyNameServers nameServers;
    private final Instance instance;
    private final Map<String, Integer> indexes = new ConcurrentHashMap<>();

    Bridges(
            NetworkKernel kernel,
            Records records,
            Firewall firewall,
            Forwarding forwarding,
            NettyNameServers nameServers,
            Instance instance) {
        this.kernel = kernel;
        this.records = records;
        this.firewall = firewall;
        this.forwarding = forwarding;
        this.nameServers = nameServers;
        this.instance = instance;
    }

    /** The record of a network; the default network's is made when it is first asked for. */
    NetworkRecord network(String name) {
        return records.network(name)
                .or(
                        () ->
                                name.equals(DEFAULT_NETWORK)
                                        ? Optional.of(
                                                create(
                                                        name,
                                                        Optional.empty(),
                                                        Optional.empty(),
                                                        false,
                                                        Map.of()))
                                        : Optional.empty())
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.NOT_FOUND, "there is no network %s", name));
    }

    /** Makes the record of a network, with a subnet that clashes with no route of the host. */
    synchronized NetworkRecord create(
            String name,
            Optional<String> subnet,
            Optional<String> gateway,
            boolean internal,
            Map<String, String> labels) {
        var existing = records.network(name);
        if (existing.isPresent()) {
            return same(existing.get(), subnet, gateway, internal);
        }
        var occupied = new ArrayList<Subnet>();
        records.networks().forEach(n -> occupied.add(n.range()));
        var dump = new NetlinkBatch();
        RouteRequests.dumpRoutes(dump);
        var routes = kernel.route(dump);
        routes.result().orThrow("ip route show table all");
        occupied.addAll(routes.routes());
        var range =
                subnet.map(Subnet::parse)
                        .orElseGet(
                                () ->
                                        AddressPool.freeSubnet(
                                                name.equals(DEFAULT_NETWORK), occupied));
        if (range.prefix() > 30 || range.prefix() < 8) {
            throw FaultException.invalid("subnet %s is not between /8 and /30", range);
        }
        occupied.stream()
                .filter(range::overlaps)
                .findFirst()
                .ifPresent(
                        other -> {
                            throw FaultException.of(
                                    FaultCode.FAILED_PRECONDITION,
                                    "subnet %s overlaps %s, to which the host has a route",
                                    range,
                                    other);
                        });
        var address = gateway.map(Ipv4::parse).orElse(range.base().plus(1));
        if (!range.contains(address)
                || address.equals(range.base())
                || address.equals(range.last())) {
            throw FaultException.invalid("gateway %s is not a host of subnet %s", address, range);
        }
        var record =
                new NetworkRecord(
                        name,
                        freeBridgeName(),
                        range.toString(),
                        address.toString(),
                        internal,
                        0,
                        labels);
        records.put(record);
        return record;
    }

    private static NetworkRecord same(
            NetworkRecord existing,
            Optional<String> subnet,
            Optional<String> gateway,
            boolean internal) {
        if (existing.internal() != internal
                || subnet.filter(s -> !s.equals(existing.subnet())).isPresent()
                || gateway.filter(g -> !g.equals(existing.gateway())).isPresent()) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS,
                    "network %s exists with subnet %s, gateway %s%s",
                    existing.name(),
                    existing.subnet(),
                    existing.gateway(),
                    existing.internal() ? ", internal" : "");
        }
        return existing;
    }

    private String freeBridgeName() {
        return IntStream.range(0, 100_000)
                .mapToObj(i -> instance.bridges() + i)
                .filter(n -> records.networks().stream().noneMatch(r -> r.bridge().equals(n)))
                .filter(n -> linkIndex(n) == 0)
                .findFirst()
                .orElseThrow();
    }

    /** The interface index of the network's bridge, which is made if need be. */
    int up(NetworkRecord network, Steps steps) {
        var known = indexes.get(network.name());
        if (known != null) {
            return known;
        }
        synchronized (this) {
            known = indexes.get(network.name());
            if (known != null) {
                return known;
            }
            make(network, steps);
            if (steps.planOnly()) {
                return 0;
            }
            int index = linkIndex(network.bridge());
            indexes.put(network.name(), index);
            return index;
        }
    }

    private void make(NetworkRecord network, Steps steps) {
        var bridge = network.bridge();
        forwarding.on(steps);
        if (linkIndex(bridge) == 0) {
            steps.run(
                    "bridge",
                    bridge + " with " + network.gateway(),
                    shell(network),
                    () -> add(network));
        }
        steps.run(
                "nft",
                "rules of network " + network.name(),
                firewall.shell("add", network),
                () -> {
                    var served = nameServers.listen(network);
                    records.put(served);
                    firewall.add(served);
                });
    }

    private void add(NetworkRecord network) {
        var bridge = network.bridge();
        var gateway = Ipv4.parse(network.gateway());
        var create = new NetlinkBatch();
        RouteRequests.addBridge(create, bridge, gateway.mac(), MTU);
        kernel.route(create).result().orThrow("ip link add %s type bridge", bridge);
        // Before it is up: the host takes no advertisement and no IPv6 neighbour from containers,
        // and lets published ports be reached over its own loopback (the rule in chain early keeps
        // containers from that loopback).
        for (var name :
                new String[] {
                    "ipv6/conf/" + bridge + "/disable_ipv6",
                    "ipv6/conf/" + bridge + "/accept_ra",
                    "ipv4/conf/" + bridge + "/route_localnet"
                }) {
            if (kernel.readSysctl(name).isPresent()) {
                kernel.writeSysctl(name, name.endsWith("accept_ra") ? "0" : "1");
            }
        }
        int index = linkIndex(bridge);
        var up = new NetlinkBatch();
        RouteRequests.addAddress(up, index, gateway, network.range().prefix());
        RouteRequests.up(up, index);
        kernel.route(up).result().orThrow("ip addr add %s dev %s", network.gateway(), bridge);
    }

    private static String shell(NetworkRecord network) {
        return ("ip link add %1$s address %2$s mtu %3$d type bridge"
                        + " && sysctl -qw net.ipv6.conf.%1$s.disable_ipv6=1"
                        + " net.ipv6.conf.%1$s.accept_ra=0 net.ipv4.conf.%1$s.route_localnet=1"
                        + " && ip addr add %4$s/%5$d brd + dev %1$s && ip link set %1$s up")
                .formatted(
                        network.bridge(),
                        Ipv4.parse(network.gateway()).mac(),
                        MTU,
                        network.gateway(),
                        network.range().prefix());
    }

    /** Takes the network's bridge and rules away; its record stays. */
    synchronized void down(NetworkRecord network, Steps steps) {
        nameServers.close(network);
        if (indexes.remove(network.name()) != null) {
            steps.run(
                    "nft",
                    "rules of network " + network.name(),
                    firewall.shell("delete", network),
                    () -> firewall.remove(network));
        }
        if (linkIndex(network.bridge()) != 0) {
            steps.run(
                    "bridge",
                    "delete " + network.bridge(),
                    "ip link del " + network.bridge(),
                    () -> deleteLink(network.bridge()));
        }
        if (indexes.isEmpty()) {
            forwarding.off(steps);
        }
    }

    /** {@code ip link del}; an absent one is ok. */
    void deleteLink(String name) {
        var batch = new NetlinkBatch();
        RouteRequests.delete(batch, name);
        var result = kernel.route(batch).result();
        if (result.errno() != Errno.ENODEV) {
            result.orThrow("ip link del %s", name);
        }
    }

    /** The interface's index; 0 if there is none. */
    int linkIndex(String name) {
        var batch = new NetlinkBatch();
        RouteRequests.get(batch, name);
        var reply = kernel.route(batch);
        if (reply.result().errno() == Errno.ENODEV) {
            return 0;
        }
        reply.result().orThrow("ip link show %s", name);
        return reply.linkIndex();
    }
}
