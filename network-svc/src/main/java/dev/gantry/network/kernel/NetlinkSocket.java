package dev.gantry.network.kernel;

import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.network.netlink.NetlinkBatch;
import dev.gantry.network.netlink.NetlinkReply;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;

/** One exchange on a netlink socket: a batch goes out, every answer comes in. netlink(7). */
final class NetlinkSocket {
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int RECEIVE_SECONDS = 5;
    private static final int ROOM = 64 * 1024;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final AtomicInteger SEQUENCE = new AtomicInteger(1);

    private NetlinkSocket() {}

    /** Opens a socket in the calling thread's network namespace. */
    static int open(int protocol) {
        int socket =
                (int)
                        Syscalls.socket(Syscalls.AF_NETLINK, Syscalls.SOCK_RAW_CLOEXEC, protocol)
                                .orThrow("socket AF_NETLINK protocol %d", protocol);
        try (var arena = Arena.ofConfined()) {
            var timeval = arena.allocate(16, 8);
            timeval.set(ValueLayout.JAVA_LONG, 0, RECEIVE_SECONDS);
            Syscalls.setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, timeval)
                    .orThrow("setsockopt SO_RCVTIMEO");
        }
        return socket;
    }

    /** Sends and receives. The caller sees to it that nobody else uses the socket meanwhile. */
    static NetlinkReply exchange(int socket, NetlinkBatch batch) {
        int count = batch.messages();
        int first = SEQUENCE.getAndAdd(count);
        var messages = new ArrayList<byte[]>();
        try (var arena = Arena.ofConfined()) {
            var request = batch.bytes(first);
            var out = arena.allocate(request.length);
            MemorySegment.copy(request, 0, out, ValueLayout.JAVA_BYTE, 0, request.length);
            var sent = Syscalls.send(socket, out);
            if (sent.failed()) {
                return new NetlinkReply(sent, 0, messages);
            }
            return receive(socket, arena.allocate(ROOM), first, count, messages);
        }
    }

    private static NetlinkReply receive(
            int socket, MemorySegment room, int first, int count, ArrayList<byte[]> messages) {
        var failure = new SyscallResult(0, 0);
        int failed = -1;
        int answered = 0;
        while (answered < count) {
            var received = Syscalls.recv(socket, room);
            if (received.failed()) {
                return new NetlinkReply(received, answered, messages);
            }
            var bytes = room.asSlice(0, received.value()).toArray(ValueLayout.JAVA_BYTE);
            var view = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
            for (int at = 0; at + 16 <= bytes.length; ) {
                int length = view.getInt(at);
                if (length < 16 || at + length > bytes.length) {
                    return new NetlinkReply(new SyscallResult(-1, Errno.EIO), answered, messages);
                }
                int index = view.getInt(at + 8) - first;
                int type = view.getShort(at + 4);
                if (index >= 0 && index < count) {
                    if (type == NLMSG_ERROR) {
                        answered++;
                        int errno = -view.getInt(at + 16);
                        if (errno != 0 && failed < 0) {
                            failure = new SyscallResult(-1, errno);
                            failed = index;
                        }
                    } else if (type == NLMSG_DONE) {
                        answered++;
                    } else {
                        messages.add(Arrays.copyOfRange(bytes, at, at + length));
                    }
                }
                at += (length + 3) & ~3;
            }
        }
        return new NetlinkReply(failure, failed, messages);
    }
}
