package dev.gantry.bus.wire;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A message between a peer and the broker; bus/README.md has the protocol.
 *
 * @param type one of the constants below
 * @param address a service, a topic, a pattern, or where an answer goes; may be empty
 * @param replyAddress where an answer is awaited; empty where none is
 * @param headers what the broker reads and stamps
 * @param body a JSON value as it came, never looked into on its way; empty where there is none
 */
public record Frame(
        String type,
        String address,
        String replyAddress,
        Map<String, String> headers,
        byte[] body) {
    /** To the owner of an address, or an answer. */
    public static final String SEND = "send";

    /** To all subscribers of a topic. */
    public static final String PUBLISH = "publish";

    /** Own an address, or subscribe to a topic or pattern. */
    public static final String REGISTER = "register";

    /** Give it up. */
    public static final String UNREGISTER = "unregister";

    /** Is the broker there? */
    public static final String PING = "ping";

    /** From the broker: a request, an event or an answer. */
    public static final String MESSAGE = "message";

    /** From the broker: what could not be done; the body is a {@link Fault}. */
    public static final String ERR = "err";

    /** From the broker: it is there. */
    public static final String PONG = "pong";

    private static final byte[] NOTHING = {};

    // The whole of it stands in the body.
    private static final int LONGEST_MESSAGE = 1000;

    /** A frame without a body. */
    public static Frame of(
            String type, String address, String replyAddress, Map<String, String> headers) {
        return new Frame(type, address, replyAddress, headers, NOTHING);
    }

    /** An answer that says why something was not done. */
    public static Frame fault(String type, String address, Fault fault, byte[] body) {
        var headers = new LinkedHashMap<String, String>();
        headers.put(Headers.FAULT, fault.code().name());
        var text = fault.message();
        headers.put(Headers.MESSAGE, text.substring(0, Math.min(text.length(), LONGEST_MESSAGE)));
        return new Frame(type, address, "", headers, body);
    }

    /** A header, if it is there. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /** Whether this is an answer that says why not. */
    public boolean isFault() {
        return type.equals(ERR) || headers.containsKey(Headers.FAULT);
    }

    /** The code that a fault's header names; INTERNAL for a name that is none. */
    public FaultCode faultCode() {
        var name = headers.getOrDefault(Headers.FAULT, "");
        for (var code : FaultCode.values()) {
            if (code.name().equals(name)) {
                return code;
            }
        }
        return FaultCode.INTERNAL;
    }
}
