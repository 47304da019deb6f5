package dev.gantry.network;

import dev.gantry.bus.service.ServiceContext;
import dev.gantry.network.dns.NettyNameServers;
import dev.gantry.network.kernel.LinuxNetworkKernel;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.nft.Firewall;
import dev.gantry.network.state.AddressPool;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;

import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;

import java.nio.file.Path;
import java.util.stream.Collectors;

/** Puts the parts of network-svc together, finds its feet after a restart, and clears up. */
final class NetworkHost implements AutoCloseable {
    private static final int POOL_SIZE = Integer.getInteger("gantry.network.pool", 8);
    private final NetworkKernel kernel;
    private final Records records;
    private final Firewall firewall;
    private final Bridges bridges;
    private final NamespacePool pool;
    private final NettyNameServers nameServers;
    private final Networking networking;

    private NetworkHost(
            NetworkKernel kernel, Instance instance, NetworkEvents events, Vertx vertx) {
        this.kernel = kernel;
        records = new Records(instance.state());
        firewall = new Firewall(kernel, records, instance.table());
        nameServers =
                new NettyNameServers(
                        records,
                        ((VertxInternal) vertx).nettyEventLoopGroup(),
                        vertx.isNativeTransportEnabled(),
                        ResolvConf::nameServers);
        bridges =
                new Bridges(
                        kernel,
                        records,
                        firewall,
                        new Forwarding(kernel, instance.state()),
                        nameServers,
                        instance);
        var addresses = new AddressPool();
        records.attachments()
                .forEach(
                        a ->
                                a.address()
                                        .ifPresent(
                                                at -> addresses.mark(a.network(), Ipv4.parse(at))));
        pool =
                new NamespacePool(
                        kernel,
                        instance.netns(),
                        POOL_SIZE,
                        records.attachments().stream()
                                .flatMap(a -> a.netns().stream())
                                .map(Path::of)
                                .collect(Collectors.toSet()));
        var attachments =
                new Attachments(kernel, records, addresses, pool, bridges, firewall, instance);
        networking =
                new LinuxNetworking(
                        records,
                        bridges,
                        attachments,
                        new Ports(kernel, records),
                        firewall,
                        events);
    }

    /** Takes over what the last run, or another implementation, has left. */
    static NetworkHost open(ServiceContext context, Vertx vertx) {
        var host =
                new NetworkHost(
                        new LinuxNetworkKernel(),
                        Instance.of(context.layout()),
                        new NetworkEvents(context.bus()),
                        vertx);
        host.reconcile();
        return host;
    }

    private void reconcile() {
        for (var network : records.networks()) {
            if (records.attachments().stream().anyMatch(a -> isLiveOn(a, network))) {
                bridges.up(network, Steps.carriedOut());
            }
        }
    }

    private boolean isLiveOn(AttachmentRecord attachment, NetworkRecord network) {
        return attachment.network().equals(network.name())
                && attachment.netns().map(Path::of).filter(kernel::isPinned).isPresent();
    }

    Networking networking() {
        return networking;
    }

    /** Restores the packet filter if somebody has taken it away. */
    boolean watch() {
        boolean restored = firewall.check();
        if (restored) {
            System.err.println("network-svc: the nft tables had been changed; restored");
        }
        return restored;
    }

    /** Leaves containers as they are; without any, leaves nothing. */
    @Override
    public void close() {
        pool.close();
        nameServers.close();
        records.reload();
        if (records.attachments().stream().noneMatch(a -> a.address().isPresent())) {
            records.networks().forEach(n -> bridges.down(n, Steps.carriedOut()));
            firewall.uninstall();
        }
        kernel.close();
    }
}
