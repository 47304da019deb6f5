package dev.gantry.network;

import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.kernel.NetworkKernel.Netns;
import dev.gantry.network.netlink.NetlinkBatch;
import dev.gantry.network.netlink.RouteRequests;
import dev.gantry.network.nft.Firewall;
import dev.gantry.network.state.AddressPool;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Joins containers to networks, step by step, and takes them off again. */
final class Attachments {
    private final NetworkKernel kernel;
    private final Records records;
    private final AddressPool addresses;
    private final NamespacePool pool;
    private final Bridges bridges;
    private final Firewall firewall;
    private final ContainerFiles files;
    private final Path netnsDirectory;
    private final Map<String, Netns> held = new ConcurrentHashMap<>();

    Attachments(
            NetworkKernel kernel,
            Records records,
            AddressPool addresses,
            NamespacePool pool,
            Bridges bridges,
            Firewall firewall,
            Instance instance) {
        this.kernel = kernel;
        this.records = records;
        this.addresses = addresses;
        this.pool = pool;
        this.bridges = bridges;
        this.firewall = firewall;
        this.files = new ContainerFiles(instance.containers());
        this.netnsDirectory = instance.netns();
    }

    /** What attaching would come to, with no effect but on the steps. */
    AttachmentRecord plan(NetworkOperation.Attach request, Steps steps) {
        var pin = netnsDirectory.resolve(request.containerId()).toString();
        var record = record(request, request.ports(), Optional.of(pin), Optional.empty());
        if (isBridge(record)) {
            var network = bridges.network(record.network());
            AttachRules.checkPorts(network, request.ports());
            var address = addresses.take(network);
            addresses.give(network.name(), address);
            record = record(request, request.ports(), Optional.of(pin), Optional.of(address));
        }
        carryOut(record, steps);
        return record;
    }

    /** Takes a namespace and an address, and writes the record that owns them from now on. */
    synchronized AttachmentRecord reserve(
            NetworkOperation.Attach request, List<PortMapping> ports) {
        Optional<NetworkRecord> network =
                AttachRules.isBridge(request.network())
                        ? Optional.of(bridges.network(request.network()))
                        : Optional.empty();
        network.ifPresent(n -> AttachRules.checkPorts(n, ports));
        Optional<String> pin = Optional.empty();
        if (network.isPresent()) {
            var netns = pool.take();
            held.put(request.containerId(), netns);
            pin = Optional.of(netns.pin().toString());
        }
        var record = record(request, ports, pin, network.map(addresses::take));
        records.put(record);
        return record;
    }

    /** Carries the attachment out; on failure undoes all of it. */
    void join(AttachmentRecord record, Steps steps) {
        try {
            carryOut(record, steps);
        } catch (RuntimeException e) {
            try {
                leave(record, Steps.carriedOut());
            } catch (FaultException undo) {
                e.addSuppressed(undo);
            }
            throw e;
        } finally {
            release(record.containerId());
        }
    }

    /** Makes whole what a crash or a boot has left incomplete; the address stays. */
    AttachmentRecord repair(AttachmentRecord record, Steps steps) {
        boolean whole =
                record.netns().map(pin -> kernel.isPinned(Path.of(pin))).orElse(true)
                        && record.hostInterface()
                                .map(name -> bridges.linkIndex(name) != 0)
                                .orElse(true);
        if (whole || !isBridge(record)) {
            return record;
        }
        record.hostInterface().ifPresent(bridges::deleteLink);
        var old = Path.of(record.netns().orElseThrow());
        kernel.unpin(old).orThrow("umount %s", old);
        var netns = pool.take();
        held.put(record.containerId(), netns);
        var next = record.withNetns(netns.pin().toString());
        records.put(next);
        join(next, steps);
        return next;
    }

    /** Takes the container off its network and forgets it. Absent parts are no error. */
    void leave(AttachmentRecord record, Steps steps) {
        if (isBridge(record)) {
            steps.run(
                    "nft",
                    "rules of container " + record.containerId(),
                    firewall.shell("delete", record),
                    () -> firewall.remove(record));
            var port = record.hostInterface().orElseThrow();
            steps.run(
                    "ip link",
                    "delete " + port,
                    "ip link del " + port,
                    () -> bridges.deleteLink(port));
            var pin = record.netns().orElseThrow();
            release(record.containerId());
            steps.run(
                    "umount",
                    pin,
                    "umount -l %1$s && rm %1$s".formatted(pin),
                    () -> kernel.unpin(Path.of(pin)).orThrow("umount %s", pin));
        }
        if (!record.network().startsWith(AttachRules.CONTAINER)) {
            files.delete(record.containerId());
        }
        records.removeAttachment(record.containerId());
        record.address().ifPresent(a -> addresses.give(record.network(), Ipv4.parse(a)));
    }

    private void carryOut(AttachmentRecord record, Steps steps) {
        if (isBridge(record)) {
            var pin = record.netns().orElseThrow();
            steps.run(
                    "unshare",
                    "CLONE_NEWNET, pinned on " + pin,
                    ("mkdir -p %2$s && touch %1$s && unshare --net=%1$s ip link set lo up")
                            .formatted(pin, netnsDirectory),
                    () ->
                            held.computeIfAbsent(
                                    record.containerId(), _ -> kernel.openNetns(Path.of(pin))));
            connect(record, bridges.network(record.network()), steps);
        }
        if (!record.network().startsWith(AttachRules.CONTAINER)) {
            var text = files.contents(record, nameServers(record));
            steps.run(
                    "write",
                    "resolv.conf, hosts and hostname of container " + record.containerId(),
                    files.shell(record, text),
                    () -> files.write(record, text));
        }
    }

    private void connect(AttachmentRecord record, NetworkRecord network, Steps steps) {
        int bridge = bridges.up(network, steps);
        var pin = record.netns().orElseThrow();
        var port = record.hostInterface().orElseThrow();
        var mac = record.mac().orElseThrow();
        var address = Ipv4.parse(record.address().orElseThrow());
        // With br_netfilter a container's packet to its own published port is turned round inside
        // the
        // bridge; else it is routed, and the port can do without echoing its own broadcasts.
        boolean hairpin =
                kernel.readSysctl("bridge/bridge-nf-call-iptables").orElse("0").equals("1");
        steps.run(
                "nft",
                "source guard and ports of container " + record.containerId(),
                firewall.shell("add", record),
                () -> firewall.add(record));
        steps.run(
                "ip link",
                "veth %s on %s, eth0 in %s".formatted(port, network.bridge(), pin),
                ("ip link add %1$s mtu %2$d master %3$s type veth peer name eth0 mtu %2$d address"
                                + " %4$s netns %5$s && ip link set %1$s up%6$s")
                        .formatted(
                                port,
                                Bridges.MTU,
                                network.bridge(),
                                mac,
                                pin,
                                hairpin ? " type bridge_slave hairpin on" : ""),
                () -> {
                    var veth = new NetlinkBatch();
                    RouteRequests.addVeth(
                            veth,
                            port,
                            bridge,
                            AttachmentRecord.CONTAINER_INTERFACE,
                            mac,
                            held.get(record.containerId()).descriptor(),
                            Bridges.MTU);
                    if (hairpin) {
                        RouteRequests.hairpin(veth, port);
                    }
                    kernel.route(veth)
                            .result()
                            .orThrow("ip link add %s master %s", port, network.bridge());
                });
        var route = network.internal() ? "" : " && ip route add default via " + network.gateway();
        steps.run(
                "ip addr",
                "%s/%d on eth0".formatted(address, network.range().prefix()),
                ("nsenter --net=%s sh -c 'ip link set eth0 up && ip addr add %s/%d brd + dev"
                                + " eth0%s'")
                        .formatted(pin, address, network.range().prefix(), route),
                () -> address(held.get(record.containerId()), address, network));
    }

    private void address(Netns netns, Ipv4 address, NetworkRecord network) {
        var find = new NetlinkBatch();
        RouteRequests.get(find, AttachmentRecord.CONTAINER_INTERFACE);
        var found = kernel.route(netns, find);
        found.result().orThrow("ip link show eth0");
        var batch = new NetlinkBatch();
        RouteRequests.up(batch, found.linkIndex());
        RouteRequests.addAddress(batch, found.linkIndex(), address, network.range().prefix());
        if (!network.internal()) {
            RouteRequests.addDefaultRoute(batch, Ipv4.parse(network.gateway()));
        }
        var reply = kernel.route(netns, batch);
        reply.result()
                .orThrow(
                        "%s in %s",
                        List.of("ip link set eth0 up", "ip addr add " + address, "ip route add")
                                .get(Math.max(0, reply.failed())),
                        netns.pin());
    }

    private AttachmentRecord record(
            NetworkOperation.Attach request,
            List<PortMapping> ports,
            Optional<String> pin,
            Optional<Ipv4> address) {
        var id = request.containerId();
        var hostname =
                request.hostname().isEmpty()
                        ? id.substring(0, Math.min(12, id.length()))
                                .replaceFirst("[^a-zA-Z0-9]+$", "")
                        : request.hostname();
        if (request.network().startsWith(AttachRules.CONTAINER)) {
            return joined(request, target(request.network()));
        }
        return new AttachmentRecord(
                id,
                request.network(),
                AttachRules.isBridge(request.network()) ? pin : Optional.empty(),
                address.map(Ipv4::toString),
                address.map(Ipv4::mac),
                address.map(a -> String.format("gv%08x", a.value())),
                hostname,
                request.aliases(),
                ports,
                request.dns(),
                request.extraHosts(),
                files.resolvConf(id).toString(),
                files.hosts(id).toString(),
                files.hostname(id).toString());
    }

    /** The namespace and the files of another container; its address stays that one's. */
    private static AttachmentRecord joined(
            NetworkOperation.Attach request, AttachmentRecord target) {
        return new AttachmentRecord(
                request.containerId(),
                request.network(),
                target.netns(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                target.hostname(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                target.resolvConf(),
                target.hosts(),
                target.hostnameFile());
    }

    private AttachmentRecord target(String network) {
        var id = network.substring(AttachRules.CONTAINER.length());
        return records.attachment(id)
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.NOT_FOUND,
                                        "container %s, whose network is to be shared, is on none",
                                        id));
    }

    private List<String> nameServers(AttachmentRecord record) {
        if (!isBridge(record)) {
            return List.of();
        }
        var reachable =
                ResolvConf.nameServers().stream()
                        .filter(s -> !ResolvConf.isLoopbackAddress(s))
                        .toList();
        return record.network().equals(Bridges.DEFAULT_NETWORK) && !reachable.isEmpty()
                ? reachable
                : List.of(bridges.network(record.network()).gateway());
    }

    private void release(String containerId) {
        var netns = held.remove(containerId);
        if (netns != null) {
            kernel.release(netns);
        }
    }

    private static boolean isBridge(AttachmentRecord record) {
        return AttachRules.isBridge(record.network());
    }
}
