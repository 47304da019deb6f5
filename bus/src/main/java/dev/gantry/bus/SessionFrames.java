package dev.gantry.bus;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.Headers;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The frames that a session sends, and what it reads from those it gets. */
final class SessionFrames {
    static final Duration CONTROL_TIMEOUT = Duration.ofSeconds(10);

    /** More than an envelope takes beside its body. */
    static final int MOST_ENVELOPE = 64 * 1024;

    private SessionFrames() {}

    static Frame request(
            Contract<?> contract,
            Operation<?> operation,
            String number,
            byte[] body,
            Optional<String> traceparent) {
        var headers = new LinkedHashMap<String, String>();
        headers.put(Headers.TRACEPARENT, TraceParent.orNew(traceparent));
        if (operation.repeatable()) {
            headers.put(Headers.REPEATABLE, "true");
        }
        return new Frame(Frame.SEND, contract.address(), number, headers, body);
    }

    static Frame answer(String token, ServedContract.Answer answer) {
        return answer.fault()
                .map(fault -> Frame.fault(Frame.SEND, token, fault, answer.body()))
                .orElseGet(() -> new Frame(Frame.SEND, token, "", Map.of(), answer.body()));
    }

    static Frame register(String address, String number) {
        return Frame.of(Frame.REGISTER, address, number, Map.of(Headers.TAKEOVER, "true"));
    }

    /** After a lost connection: whoever has taken over meanwhile stays the owner. */
    static Frame registerAgain(String address) {
        return Frame.of(Frame.REGISTER, address, "", Map.of());
    }

    static Frame unregister(String address, String number) {
        return Frame.of(Frame.UNREGISTER, address, number, Map.of());
    }

    static Peer sender(Frame frame) {
        return new Peer(
                frame.header(Headers.SENDER).orElse(""),
                number(frame, Headers.UID, -1),
                number(frame, Headers.GID, -1),
                number(frame, Headers.PID, -1));
    }

    static Instant deadline(Frame frame) {
        var standard = System.currentTimeMillis() + CallOptions.DEFAULT.timeout().toMillis();
        return Instant.ofEpochMilli(number(frame, Headers.DEADLINE, standard));
    }

    static Fault fault(Frame frame) {
        return frame.body().length > 0
                ? OperationCodec.decodeFault(frame.body())
                : Fault.of(
                        frame.faultCode(), frame.header(Headers.MESSAGE).orElse("no reason given"));
    }

    static void acknowledge(CompletableFuture<Void> done, Frame answer) {
        if (answer.isFault()) {
            done.completeExceptionally(new FaultException(fault(answer)));
        } else {
            done.complete(null);
        }
    }

    static void await(CompletableFuture<Void> done, Frame frame) {
        try {
            done.get(CONTROL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FaultException fault) {
                throw new FaultException(
                        fault.fault().in("bus " + frame.type(), frame.address()), e);
            }
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw unanswered(frame, "the bus did not acknowledge it in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unanswered(frame, "interrupted", e);
        }
    }

    private static FaultException unanswered(Frame frame, String why, Exception cause) {
        var fault =
                Fault.of(
                        FaultCode.UNAVAILABLE,
                        "%s %s: %s".formatted(frame.type(), frame.address(), why));
        return new FaultException(fault.in("bus " + frame.type(), frame.address()), cause);
    }

    private static long number(Frame frame, String header, long otherwise) {
        var text = frame.headers().get(header);
        if (text == null) {
            return otherwise;
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }
}
