package dev.gantry.namespace.launcher;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.namespace.plan.LaunchPlan.Timing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One SEQPACKET connection to the launcher or to a shim: requests with answers, and events. */
public final class ControlChannel {
    private static final int PACKET = 64 << 10;
    private static final Duration SEND_WITHIN = Duration.ofSeconds(10);

    /** An answer, and the timings that came with it. */
    public record Answer(ShimMessage message, Map<Integer, Timing> timings) {
        /** The message of the class; a fault if the request failed. */
        public <M extends ShimMessage> M as(Class<M> kind) {
            if (message instanceof ShimMessage.Failed failed) {
                throw fault(failed);
            }
            if (!kind.isInstance(message)) {
                throw FaultException.of(
                        FaultCode.INTERNAL,
                        "the launcher answered %s where %s was due",
                        message,
                        kind.getSimpleName());
            }
            return kind.cast(message);
        }
    }

    private record Pending(
            boolean timed, CompletableFuture<Answer> future, Optional<ShimMessage> answered) {}

    private final NamespaceKernel kernel;
    private final int fd;
    private final ControlListener listener;
    private final Map<Integer, Pending> pending = new LinkedHashMap<>();
    private final Object sending = new Object();
    private int lastSeq;
    private int senders;
    private boolean open = true;

    ControlChannel(NamespaceKernel kernel, int fd, ControlListener listener) {
        this.kernel = kernel;
        this.fd = fd;
        this.listener = listener;
    }

    int descriptor() {
        return fd;
    }

    /** What the launcher's refusal means to a caller. */
    public static FaultException fault(ShimMessage.Failed failed) {
        return FaultException.kernel(
                SyscallResult.faultCode(failed.errno()),
                Errno.name(failed.errno()),
                "launcher: %s",
                failed.message());
    }

    /** Sends a request. The answer of a CREATE, START or EXEC comes with timings. */
    public CompletableFuture<Answer> request(ShimRequest type, ByteBuffer body) {
        var future = new CompletableFuture<Answer>();
        int seq;
        synchronized (this) {
            if (!open) {
                future.completeExceptionally(lost());
                return future;
            }
            seq = ++lastSeq;
            pending.put(seq, new Pending(type.timed(), future, Optional.empty()));
            senders++;
        }
        try {
            synchronized (sending) { // the packets of one message stay together
                send(type, seq, body);
            }
        } catch (FaultException e) {
            synchronized (this) {
                pending.remove(seq);
            }
            future.completeExceptionally(e);
        } finally {
            sent();
        }
        return future;
    }

    private synchronized void sent() {
        senders--;
        if (!open && senders == 0) {
            kernel.close(fd);
        }
    }

    /** {@link #request}, waited for until the deadline. */
    public Answer ask(ShimRequest type, ByteBuffer body, Instant deadline) {
        return await(type, request(type, body), deadline);
    }

    /** Waits for an answer; UNAVAILABLE at the deadline, since its outcome is then unknown. */
    public static Answer await(
            ShimRequest type, CompletableFuture<Answer> future, Instant deadline) {
        try {
            long left = Duration.between(Instant.now(), deadline).toNanos();
            return future.get(Math.max(0, left), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "launcher: no answer to %s in time", type.word());
        } catch (ExecutionException e) {
            throw e.getCause() instanceof FaultException fault
                    ? new FaultException(fault.fault(), e)
                    : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "interrupted while waiting for %s", type.word());
        }
    }

    /** Ends the connection; the shim stays. */
    public synchronized void close() {
        if (open) {
            kernel.shutdown(fd); // the reading thread sees the end and closes the descriptor
        }
    }

    private void send(ShimRequest type, int seq, ByteBuffer body) {
        int first = Math.min(body.remaining(), PACKET - ShimMessage.HEADER);
        var packet = ByteBuffer.allocate(ShimMessage.HEADER + first).order(ByteOrder.LITTLE_ENDIAN);
        packet.putInt(ShimMessage.MAGIC).putShort((short) type.number()).putShort((short) 1);
        packet.putInt(seq).putInt(body.remaining());
        packet.put(body.slice(body.position(), first));
        sendPacket(type, packet.flip());
        for (int at = first; at < body.remaining(); at += PACKET) {
            int length = Math.min(PACKET, body.remaining() - at);
            sendPacket(type, body.slice(body.position() + at, length));
        }
    }

    private void sendPacket(ShimRequest type, ByteBuffer packet) {
        var until = Instant.now().plus(SEND_WITHIN);
        while (true) {
            var sent = kernel.send(fd, packet);
            if (!sent.failed()) {
                return;
            }
            if (sent.errno() != Errno.EAGAIN || Instant.now().isAfter(until)) {
                throw FaultException.kernel(
                        FaultCode.UNAVAILABLE, sent.answer(), "send %s to launcher", type.word());
            }
            Pause.millis(1);
        }
    }

    /** Takes in a packet; called by the reading thread alone. */
    void received(ByteBuffer in) {
        ShimMessage.Packet packet;
        try {
            packet = ShimMessage.parse(in);
        } catch (RuntimeException malformed) {
            System.getLogger(ControlChannel.class.getName())
                    .log(System.Logger.Level.ERROR, "launcher: {0}", malformed.getMessage());
            close();
            return;
        }
        if (!(packet.message() instanceof ShimMessage.Timings)) {
            listener.said(packet.message());
        }
        complete(packet);
    }

    private synchronized void complete(ShimMessage.Packet packet) {
        var waiting = packet.seq() == 0 ? null : pending.get(packet.seq());
        if (waiting == null) {
            return;
        }
        if (waiting.timed() && !(packet.message() instanceof ShimMessage.Timings)) {
            pending.put(
                    packet.seq(),
                    new Pending(true, waiting.future(), Optional.of(packet.message())));
            return;
        }
        pending.remove(packet.seq());
        var timings =
                packet.message() instanceof ShimMessage.Timings(var at)
                        ? at
                        : Map.<Integer, Timing>of();
        waiting.future().complete(new Answer(waiting.answered().orElse(packet.message()), timings));
    }

    /** The connection is at its end; called by the reading thread alone. */
    void ended() {
        abandon();
        listener.gone();
    }

    /** Lets go of the connection, which says nothing about the shim. */
    void abandon() {
        synchronized (this) {
            open = false;
            if (senders == 0) { // else the last of them closes it: its number must not be reused
                kernel.close(fd);
            }
            for (var waiting : pending.values()) {
                waiting.answered()
                        .ifPresentOrElse(
                                message -> waiting.future().complete(new Answer(message, Map.of())),
                                () -> waiting.future().completeExceptionally(lost()));
            }
            pending.clear();
        }
    }

    private static FaultException lost() {
        return FaultException.of(
                FaultCode.UNAVAILABLE, "launcher: the connection ended before the answer");
    }
}
