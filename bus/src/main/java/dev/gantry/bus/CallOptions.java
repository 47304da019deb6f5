package dev.gantry.bus;

import java.time.Duration;
import java.util.Optional;

/**
 * How long a call may take and which trace it belongs to.
 *
 * @param timeout until the answer is UNAVAILABLE; every call has one
 * @param traceparent W3C trace context; a new trace is begun where it is empty
 */
public record CallOptions(Duration timeout, Optional<String> traceparent) {
    /** Thirty seconds, a new trace. */
    public static final CallOptions DEFAULT =
            new CallOptions(Duration.ofSeconds(30), Optional.empty());

    /** A bound of its own, a new trace. */
    public static CallOptions within(Duration timeout) {
        return new CallOptions(timeout, Optional.empty());
    }
}
