package dev.gantry.bus.broker;

import dev.gantry.bus.OperationCodec;
import dev.gantry.bus.Peer;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.FrameReader;
import dev.gantry.bus.wire.FrameWriter;
import dev.gantry.bus.wire.Headers;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A connection, and what it has asked for. Only the event loop touches it. */
final class ConnectedPeer {
    private static final long LAST_WORD_SECONDS = 1;

    final Peer peer;
    final Policy.Identity rights;
    final Account account;
    final FrameReader reader;
    final long connectedMillis = System.currentTimeMillis();
    final Set<String> owns = new LinkedHashSet<>();
    final Set<String> subscribes = new LinkedHashSet<>();

    /** The timer of the frame that has begun; negative while none has. */
    long frameTimer = -1;

    /** Frames that have come, and the number of the one that the timer watches. */
    long frames;

    long watchedFrame = -1;

    /** What of {@link Account#heldBytes} is this reader's. */
    int heldByReader;

    private final Channel channel;
    private final Limits limits;
    private final Counters counters;
    private boolean cut;

    ConnectedPeer(
            Channel channel,
            Peer peer,
            Policy.Identity rights,
            Account account,
            Limits limits,
            Counters counters) {
        this.channel = channel;
        this.peer = peer;
        this.rights = rights;
        this.account = account;
        this.limits = limits;
        this.counters = counters;
        this.reader = new FrameReader(limits.longestFrame());
    }

    /** Sends a frame; a peer that does not read is cut off when too much waits for it. */
    void send(Frame frame) {
        send(FrameWriter.write(frame));
    }

    void send(byte[] frame) {
        if (cut) {
            return;
        }
        if (unreadBytes() + frame.length > limits.unreadBytes()) {
            // It would not read a reason either.
            abort();
            return;
        }
        channel.writeAndFlush(Unpooled.wrappedBuffer(frame));
    }

    /** Answers that something cannot be done. */
    void refuse(String address, FaultCode code, String message) {
        refuse(address, Fault.of(code, message));
    }

    void refuse(String address, Fault fault) {
        send(Frame.fault(Frame.ERR, address, fault, OperationCodec.encodeFault(fault)));
    }

    void acknowledge(String replyAddress) {
        if (!replyAddress.isEmpty()) {
            send(Frame.of(Frame.MESSAGE, replyAddress, "", Map.of()));
        }
    }

    /** Tells the peer that no more requests will come for an address. */
    void drain(String address) {
        send(Frame.of(Frame.MESSAGE, address, "", Map.of(Headers.DRAIN, "true")));
    }

    /** Says why, and closes; whether the peer has read it or not. */
    void cutOff(FaultCode code, String why) {
        if (cut) {
            return;
        }
        refuse("", code, why);
        if (cut) {
            return;
        }
        cut = true;
        counters.count(Counters.Of.CUT_OFF);
        channel.config().setAutoRead(false);
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        channel.eventLoop().schedule(this::closeNow, LAST_WORD_SECONDS, TimeUnit.SECONDS);
    }

    boolean isCut() {
        return cut;
    }

    /** Whether nothing comes from it any more, though the loop may not have been told so yet. */
    boolean isLost() {
        return cut || !channel.isActive();
    }

    long unreadBytes() {
        var outbound = channel.unsafe().outboundBuffer();
        return outbound == null ? 0 : outbound.totalPendingWriteBytes();
    }

    private void abort() {
        cut = true;
        counters.count(Counters.Of.CUT_OFF);
        closeNow();
    }

    // Through the pipeline, a close would wait until all that is queued has been read.
    private void closeNow() {
        channel.unsafe().close(channel.newPromise());
    }
}
