package dev.gantry.network.netlink;

import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.Subnet;

import java.util.HexFormat;

/** The requests of rtnetlink(7) that Gantry makes, each appended to a {@link NetlinkBatch}. */
public final class RouteRequests {
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_DELLINK = 17;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;

    private static final byte AF_INET = 2;
    private static final int IFF_UP = 1;
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_MASTER = 10;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int IFLA_INFO_SLAVE_KIND = 4;
    private static final int IFLA_INFO_SLAVE_DATA = 5;
    private static final int IFLA_BRPORT_MODE = 4;
    private static final int VETH_INFO_PEER = 1;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int RTA_GATEWAY = 5;

    private RouteRequests() {}

    /** {@code ip link add NAME address MAC type bridge}, not yet up. */
    public static void addBridge(NetlinkBatch batch, String name, String mac, int mtu) {
        newLink(batch, NetlinkBatch.NLM_F_CREATE | NetlinkBatch.NLM_F_EXCL, 0, 0);
        batch.attributeText(IFLA_IFNAME, name)
                .attribute(IFLA_ADDRESS, macBytes(mac))
                .attribute32(IFLA_MTU, mtu)
                .nested(IFLA_LINKINFO, () -> batch.attributeText(IFLA_INFO_KIND, "bridge"));
    }

    /**
     * {@code ip link add NAME master BRIDGE up type veth peer name PEER netns NETNS}: the peer is
     * made where it belongs and never appears on the host.
     */
    public static void addVeth(
            NetlinkBatch batch,
            String name,
            int bridge,
            String peer,
            String peerMac,
            int peerNetns,
            int mtu) {
        newLink(batch, NetlinkBatch.NLM_F_CREATE | NetlinkBatch.NLM_F_EXCL, 0, IFF_UP);
        batch.attributeText(IFLA_IFNAME, name)
                .attribute32(IFLA_MTU, mtu)
                .attribute32(IFLA_MASTER, bridge)
                .nested(
                        IFLA_LINKINFO,
                        () ->
                                batch.attributeText(IFLA_INFO_KIND, "veth")
                                        .nested(
                                                IFLA_INFO_DATA,
                                                () -> peer(batch, peer, peerMac, peerNetns, mtu)));
    }

    private static void peer(NetlinkBatch batch, String name, String mac, int netns, int mtu) {
        batch.nested(
                VETH_INFO_PEER,
                () -> {
                    ifinfo(batch, 0, 0);
                    batch.attributeText(IFLA_IFNAME, name)
                            .attribute(IFLA_ADDRESS, macBytes(mac))
                            .attribute32(IFLA_MTU, mtu)
                            .attribute32(IFLA_NET_NS_FD, netns);
                });
    }

    /**
     * {@code ip link set NAME type bridge_slave hairpin on}: what came in by a port may go out by
     * it.
     */
    public static void hairpin(NetlinkBatch batch, String name) {
        newLink(batch, 0, 0, 0);
        batch.attributeText(IFLA_IFNAME, name)
                .nested(
                        IFLA_LINKINFO,
                        () ->
                                batch.attributeText(IFLA_INFO_SLAVE_KIND, "bridge")
                                        .nested(
                                                IFLA_INFO_SLAVE_DATA,
                                                () -> batch.attribute(IFLA_BRPORT_MODE, (byte) 1)));
    }

    /** {@code ip link set INDEX up}. */
    public static void up(NetlinkBatch batch, int index) {
        newLink(batch, 0, index, IFF_UP);
    }

    /** {@code ip link set INDEX master BRIDGE}. */
    public static void master(NetlinkBatch batch, int index, int bridge) {
        newLink(batch, 0, index, 0);
        batch.attribute32(IFLA_MASTER, bridge);
    }

    /** {@code ip link del NAME}. */
    public static void delete(NetlinkBatch batch, String name) {
        batch.message(RTM_DELLINK, NetlinkBatch.NLM_F_ACK);
        ifinfo(batch, 0, 0);
        batch.attributeText(IFLA_IFNAME, name);
    }

    /** {@code ip link show NAME}. */
    public static void get(NetlinkBatch batch, String name) {
        batch.message(RTM_GETLINK, NetlinkBatch.NLM_F_ACK);
        ifinfo(batch, 0, 0);
        batch.attributeText(IFLA_IFNAME, name);
    }

    /** {@code ip addr add ADDRESS/PREFIX dev INDEX}. */
    public static void addAddress(NetlinkBatch batch, int index, Ipv4 address, int prefix) {
        batch.message(
                        RTM_NEWADDR,
                        NetlinkBatch.NLM_F_ACK
                                | NetlinkBatch.NLM_F_CREATE
                                | NetlinkBatch.NLM_F_EXCL)
                .raw(AF_INET, (byte) prefix, (byte) 0, (byte) 0)
                .raw32(index)
                .attribute(IFA_LOCAL, address.bytes())
                .attribute(IFA_ADDRESS, address.bytes())
                .attribute(4 /* IFA_BROADCAST */, new Subnet(address, prefix).last().bytes());
    }

    /** {@code ip route add default via GATEWAY}. */
    public static void addDefaultRoute(NetlinkBatch batch, Ipv4 gateway) {
        batch.message(
                        RTM_NEWROUTE,
                        NetlinkBatch.NLM_F_ACK
                                | NetlinkBatch.NLM_F_CREATE
                                | NetlinkBatch.NLM_F_EXCL)
                // family, destination length 0 (default), source length, tos
                .raw(AF_INET, (byte) 0, (byte) 0, (byte) 0)
                // table main, protocol boot, scope universe, type unicast
                .raw((byte) 254, (byte) 3, (byte) 0, (byte) 1)
                .raw32(0)
                .attribute(RTA_GATEWAY, gateway.bytes());
    }

    /** {@code ip -4 route show table all}. */
    public static void dumpRoutes(NetlinkBatch batch) {
        batch.message(RTM_GETROUTE, NetlinkBatch.NLM_F_DUMP)
                .raw(AF_INET, (byte) 0, (byte) 0, (byte) 0)
                .raw((byte) 0, (byte) 0, (byte) 0, (byte) 0)
                .raw32(0);
    }

    private static void newLink(NetlinkBatch batch, int flags, int index, int up) {
        batch.message(RTM_NEWLINK, NetlinkBatch.NLM_F_ACK | flags);
        ifinfo(batch, index, up);
    }

    private static void ifinfo(NetlinkBatch batch, int index, int up) {
        batch.raw((byte) 0, (byte) 0).raw16(0).raw32(index).raw32(up).raw32(up);
    }

    private static byte[] macBytes(String mac) {
        return HexFormat.ofDelimiter(":").parseHex(mac);
    }
}
