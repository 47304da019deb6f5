package dev.gantry.bus.broker;

import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Peer;
import dev.gantry.bus.TraceParent;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.fault.Quote;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.Headers;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Headers of what the broker forwards: what only it may say is removed from what the sender wrote,
 * and set from what the kernel says of the sender (security.md, forged sender).
 */
final class Stamp {
    private static final Duration LONGEST = Duration.ofHours(1);

    private Stamp() {}

    /** The headers of an event or a request, with its true sender. */
    static Map<String, String> sender(Frame frame, Peer peer) {
        var headers = new LinkedHashMap<String, String>();
        frame.headers()
                .forEach(
                        (name, value) -> {
                            if (!Headers.STAMPED.contains(name)) {
                                headers.put(name, value);
                            }
                        });
        headers.put(Headers.SENDER, peer.identity());
        headers.put(Headers.UID, Long.toString(peer.uid()));
        headers.put(Headers.GID, Long.toString(peer.gid()));
        headers.put(Headers.PID, Long.toString(peer.pid()));
        return headers;
    }

    /** The headers of a request: its sender, its deadline, its trace. */
    static Map<String, String> request(Frame frame, Peer peer, Duration left) {
        var headers = sender(frame, peer);
        headers.remove(Headers.TIMEOUT);
        headers.put(Headers.DEADLINE, Long.toString(System.currentTimeMillis() + left.toMillis()));
        headers.put(Headers.TRACEPARENT, TraceParent.orNew(frame.header(Headers.TRACEPARENT)));
        return headers;
    }

    /** How long the caller waits: by its timeout or its deadline, at most an hour. */
    static Duration patience(Frame frame) {
        var timeout =
                frame.header(Headers.TIMEOUT)
                        .map(text -> number(Headers.TIMEOUT, text))
                        .or(
                                () ->
                                        frame.header(Headers.DEADLINE)
                                                .map(text -> number(Headers.DEADLINE, text))
                                                .map(at -> at - System.currentTimeMillis()))
                        .map(Duration::ofMillis)
                        .orElse(CallOptions.DEFAULT.timeout());
        return timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout;
    }

    private static long number(String header, String text) {
        if (!text.matches("[0-9]{1,15}")) {
            throw FaultException.invalid(
                    "header %s: %s is not a number of milliseconds", header, Quote.of(text));
        }
        return Long.parseLong(text);
    }
}
