package dev.gantry.network.dns;

import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;

import io.netty.channel.EventLoopGroup;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The name servers of all networks, on event loops that they share with the bus. */
public final class NettyNameServers {
    private final Records records;
    private final EventLoopGroup loops;
    private final Channels channels;
    private final Upstream upstream;
    private final Map<String, NameServer> servers = new ConcurrentHashMap<>();

    /**
     * None listens yet.
     *
     * @param epoll whether the loops are native ones
     * @param hostServers the name servers of the host, asked each time
     */
    public NettyNameServers(
            Records records,
            EventLoopGroup loops,
            boolean epoll,
            Supplier<List<String>> hostServers) {
        this.records = records;
        this.loops = loops;
        this.channels = Channels.of(epoll);
        this.upstream = new Upstream(loops, channels, hostServers);
    }

    /** Listens on the network's gateway, whose bridge is up; the network with the port. */
    public NetworkRecord listen(NetworkRecord network) {
        var server =
                servers.computeIfAbsent(
                        network.name(),
                        _ -> new NameServer(network, records, upstream, loops, channels));
        return network.withDnsPort(server.port());
    }

    /** Stops listening. */
    public void close(NetworkRecord network) {
        var server = servers.remove(network.name());
        if (server != null) {
            server.close();
        }
    }

    /** Stops listening everywhere. */
    public void close() {
        servers.values().forEach(NameServer::close);
        servers.clear();
    }
}
