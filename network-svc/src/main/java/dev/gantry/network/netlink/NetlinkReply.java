package dev.gantry.network.netlink;

import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.Subnet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What the kernel answered to a {@link NetlinkBatch}.
 *
 * @param result ok, or the errno of the first request that failed
 * @param failed index of that request; −1 if none failed
 * @param messages the messages besides acknowledgements, headers included
 */
public record NetlinkReply(SyscallResult result, int failed, List<byte[]> messages) {
    private static final int NLMSG_HEADER = 16;
    private static final int RTA_DST = 1;

    /** The interface index of the first link told of; empty-handed it is 0. */
    public int linkIndex() {
        return messages.isEmpty() ? 0 : view(messages.getFirst()).getInt(NLMSG_HEADER + 4);
    }

    /** The destinations of the routes told of, the default route left out. */
    public List<Subnet> routes() {
        var out = new ArrayList<Subnet>();
        for (var message : messages) {
            var view = view(message);
            int prefix = view.get(NLMSG_HEADER + 1) & 0xff;
            int at = NLMSG_HEADER + 12;
            while (at + 4 <= message.length) {
                int length = view.getShort(at) & 0xffff;
                int type = view.getShort(at + 2) & 0x3fff;
                if (length < 4) {
                    break;
                }
                if (type == RTA_DST && length == 8 && prefix > 0) {
                    out.add(new Subnet(Ipv4.of(message, at + 4), prefix));
                }
                at += NetlinkBatch.align(length);
            }
        }
        return out;
    }

    private static ByteBuffer view(byte[] message) {
        return ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
    }
}
