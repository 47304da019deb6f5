package dev.gantry.network.kernel;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.network.netlink.NetlinkBatch;
import dev.gantry.network.netlink.NetlinkReply;
import dev.gantry.network.netlink.RouteRequests;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** {@link NetworkKernel} by the foreign function interface. */
public final class LinuxNetworkKernel implements NetworkKernel {
    private static final long NSFS_MAGIC = 0x6e736673L;
    private static final Path SYSCTL = Path.of("/proc/sys/net");

    /**
     * What a new network namespace starts with. Router advertisements are for the host's
     * administrator to send, not for a neighbour container (security.md row 29); every port and
     * ping are the container's own matter, as its namespace is.
     */
    private static final Map<String, String> NEW_NETNS =
            Map.of(
                    "ipv6/conf/all/accept_ra", "0",
                    "ipv6/conf/default/accept_ra", "0",
                    "ipv4/ip_unprivileged_port_start", "0",
                    "ipv4/ping_group_range", "0 2147483647");

    private final int routeSocket = NetlinkSocket.open(Syscalls.NETLINK_ROUTE);
    private final int filterSocket = NetlinkSocket.open(Syscalls.NETLINK_NETFILTER);
    private final ReentrantLock routeLock = new ReentrantLock();
    private final ReentrantLock filterLock = new ReentrantLock();
    private Optional<Libnftables> nftables = Optional.empty();

    @Override
    public Netns newNetns(Path pin) {
        return onOwnThread(
                () -> {
                    Syscalls.unshare(Syscalls.CLONE_NEWNET).orThrow("unshare CLONE_NEWNET");
                    NEW_NETNS.forEach(
                            (name, value) -> {
                                if (Files.exists(SYSCTL.resolve(name))) {
                                    writeSysctl(name, value);
                                }
                            });
                    int socket = NetlinkSocket.open(Syscalls.NETLINK_ROUTE);
                    var up = new NetlinkBatch();
                    RouteRequests.up(up, 1);
                    NetlinkSocket.exchange(socket, up).result().orThrow("ip link set lo up");
                    createPin(pin);
                    Syscalls.bind("/proc/thread-self/ns/net", pin.toString())
                            .orThrow("mount --bind /proc/thread-self/ns/net %s", pin);
                    return new Netns(pin, openSelf(), socket);
                });
    }

    @Override
    public Netns openNetns(Path pin) {
        if (!isPinned(pin)) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND, "no network namespace is mounted on %s", pin);
        }
        return onOwnThread(
                () -> {
                    int descriptor =
                            (int)
                                    Syscalls.open(pin.toString(), Syscalls.O_RDONLY_CLOEXEC)
                                            .orThrow("open %s", pin);
                    Syscalls.setns(descriptor, Syscalls.CLONE_NEWNET).orThrow("setns %s", pin);
                    return new Netns(pin, descriptor, NetlinkSocket.open(Syscalls.NETLINK_ROUTE));
                });
    }

    @Override
    public void release(Netns netns) {
        Libc.close(netns.socket());
        Libc.close(netns.descriptor());
    }

    @Override
    public SyscallResult unpin(Path pin) {
        if (isPinned(pin)) {
            var result = Syscalls.umount2(pin.toString(), Syscalls.MNT_DETACH);
            if (result.failed()) {
                return result;
            }
        }
        try {
            Files.deleteIfExists(pin);
            return new SyscallResult(0, 0);
        } catch (IOException e) {
            return new SyscallResult(-1, Errno.EBUSY);
        }
    }

    @Override
    public boolean isPinned(Path pin) {
        var type = Syscalls.fileSystemType(pin.toString());
        return !type.failed() && type.value() == NSFS_MAGIC;
    }

    @Override
    public NetlinkReply route(NetlinkBatch batch) {
        routeLock.lock();
        try {
            return NetlinkSocket.exchange(routeSocket, batch);
        } finally {
            routeLock.unlock();
        }
    }

    @Override
    public NetlinkReply route(Netns netns, NetlinkBatch batch) {
        return NetlinkSocket.exchange(netns.socket(), batch);
    }

    @Override
    public String nft(String json) {
        Libnftables library;
        synchronized (this) {
            library = nftables.orElseGet(Libnftables::new);
            nftables = Optional.of(library);
        }
        return library.run(json);
    }

    @Override
    public int nftGeneration() {
        // NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN; the answer's first attribute, NFTA_GEN_ID, is
        // a big-endian number after the headers of netlink (16), nfnetlink (4) and itself (4).
        var batch = new NetlinkBatch().message(10 << 8 | 16, 4).raw((byte) 0, (byte) 0).raw16(0);
        filterLock.lock();
        try {
            var reply = NetlinkSocket.exchange(filterSocket, batch);
            reply.result().orThrow("nftables: get generation");
            return java.nio.ByteBuffer.wrap(reply.messages().getFirst()).getInt(24);
        } finally {
            filterLock.unlock();
        }
    }

    @Override
    public Optional<String> readSysctl(String name) {
        try {
            return Optional.of(Files.readString(SYSCTL.resolve(name)).strip());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.INTERNAL, "read %s: %s", SYSCTL.resolve(name), e.getMessage());
        }
    }

    @Override
    public void writeSysctl(String name, String value) {
        try {
            Files.writeString(SYSCTL.resolve(name), value);
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.PERMISSION_DENIED,
                    "write %s to %s: %s",
                    value,
                    SYSCTL.resolve(name),
                    e.getMessage());
        }
    }

    @Override
    public Set<String> portsInUse(String protocol) {
        return ProcNetSockets.inUse(protocol);
    }

    @Override
    public void close() {
        Libc.close(routeSocket);
        Libc.close(filterSocket);
    }

    private static int openSelf() {
        return (int)
                Syscalls.open("/proc/thread-self/ns/net", Syscalls.O_RDONLY_CLOEXEC)
                        .orThrow("open /proc/thread-self/ns/net");
    }

    private static void createPin(Path pin) {
        try {
            Files.createDirectories(pin.getParent());
            Files.createFile(
                    pin,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("r--------")));
        } catch (FileAlreadyExistsException e) {
            throw FaultException.of(FaultCode.ALREADY_EXISTS, "the pin %s exists already", pin);
        } catch (IOException e) {
            throw FaultException.of(FaultCode.INTERNAL, "create %s: %s", pin, e.getMessage());
        }
    }

    /**
     * A thread's network namespace stays changed, so the thread must end: never a pooled nor a
     * virtual one.
     */
    private static <T> T onOwnThread(Supplier<T> work) {
        var result = new CompletableFuture<T>();
        Thread.ofPlatform()
                .name("netns")
                .start(
                        () -> {
                            try {
                                result.complete(work.get());
                            } catch (Throwable e) {
                                result.completeExceptionally(e);
                            }
                        });
        try {
            return result.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof FaultException fault
                    ? fault
                    : new IllegalStateException(e.getCause());
        }
    }
}
