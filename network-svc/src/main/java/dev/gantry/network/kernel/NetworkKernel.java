package dev.gantry.network.kernel;

import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.network.netlink.NetlinkBatch;
import dev.gantry.network.netlink.NetlinkReply;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Every kernel call that network-svc may make. With CAP_NET_ADMIN and CAP_SYS_ADMIN and no other
 * right; all of them act on the network namespace that the process runs in, but for {@link Netns}.
 */
public interface NetworkKernel extends AutoCloseable {
    /**
     * A network namespace that is held: socket and descriptor keep it alive, and so does its pin.
     *
     * @param pin the file on which {@code /proc/PID/ns/net} is mounted
     * @param descriptor of the namespace, for setns(2) and IFLA_NET_NS_FD
     * @param socket a NETLINK_ROUTE socket inside it
     */
    record Netns(Path pin, int descriptor, int socket) {}

    /**
     * {@code unshare(CLONE_NEWNET)} on a thread that ends with the call; lo is brought up, router
     * advertisements are turned off, the namespace is pinned at {@code pin}, which is created.
     */
    Netns newNetns(Path pin);

    /** {@code setns(CLONE_NEWNET)} on a thread that ends with the call; NOT_FOUND without a pin. */
    Netns openNetns(Path pin);

    /** Closes both descriptors; the pin stays. */
    void release(Netns netns);

    /** {@code umount2(pin, MNT_DETACH)} and {@code unlink}. An absent pin is ok. */
    SyscallResult unpin(Path pin);

    /** Whether a network namespace is mounted there: {@code statfs} says nsfs. */
    boolean isPinned(Path pin);

    /** Sends requests to rtnetlink on the host's side and waits for every answer. */
    NetlinkReply route(NetlinkBatch batch);

    /** Sends requests to rtnetlink inside a namespace and waits for every answer. */
    NetlinkReply route(Netns netns, NetlinkBatch batch);

    /**
     * Carries out commands of libnftables-json(5) in one transaction: all or nothing.
     *
     * @return what libnftables printed
     * @throws dev.gantry.bus.fault.FaultException UNSUPPORTED where libnftables is missing
     */
    String nft(String json);

    /**
     * The generation of the packet filter, one more after each transaction of anybody
     * (NFT_MSG_GETGEN).
     */
    int nftGeneration();

    /** Reads {@code /proc/sys/net/…}; empty where the kernel does not have it. */
    Optional<String> readSysctl(String name);

    /** Writes {@code /proc/sys/net/…}; a failure is a fault. */
    void writeSysctl(String name, String value);

    /**
     * Local ports of the host that are taken, as {@code address:port}; the address is {@code *} for
     * any ({@code /proc/thread-self/net/}).
     *
     * @param protocol tcp (listening sockets) or udp
     */
    Set<String> portsInUse(String protocol);

    /** Closes the sockets. */
    @Override
    void close();
}
