package dev.gantry.bus.wire;

import java.util.Set;

/** Headers that the bus knows; others pass through it. */
public final class Headers {
    /** Identity of the sender by the policy; stamped by the broker. */
    public static final String SENDER = "sender";

    /** User id of the sender; stamped by the broker. */
    public static final String UID = "uid";

    /** Group id of the sender; stamped by the broker. */
    public static final String GID = "gid";

    /** Process id of the sender; stamped by the broker. */
    public static final String PID = "pid";

    /** When the caller stops waiting, in milliseconds since the Unix epoch. */
    public static final String DEADLINE = "deadline";

    /** How long the caller waits, in milliseconds; instead of a deadline. */
    public static final String TIMEOUT = "timeout";

    /** W3C trace context. */
    public static final String TRACEPARENT = "traceparent";

    /** {@code true}: the request may be delivered again when its owner has died over it. */
    public static final String REPEATABLE = "repeatable";

    /** {@code true} on a register: displaces the present owner. */
    public static final String TAKEOVER = "takeover";

    /** {@code true} on a message to a displaced owner: no more requests will come. */
    public static final String DRAIN = "drain";

    /** Code of a fault, on the answer of an owner. */
    public static final String FAULT = "fault";

    /** Message of a fault, on the answer of an owner. */
    public static final String MESSAGE = "message";

    /** What only the broker may say; a peer's own are removed. */
    public static final Set<String> STAMPED = Set.of(SENDER, UID, GID, PID, DRAIN);

    private Headers() {}
}
