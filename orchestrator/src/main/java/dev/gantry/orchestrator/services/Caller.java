package dev.gantry.orchestrator.services;

import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Request;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * For whom work is done: until when it waits for the answer, and the trace it belongs to.
 *
 * @param deadline after which nobody waits any more
 */
public record Caller(Instant deadline, Optional<String> traceparent) {
    /** The sender of a request. */
    public static Caller of(Request<?> request) {
        return new Caller(request.deadline(), Optional.ofNullable(request.traceparent()));
    }

    /** The orchestrator itself, with a bound from now on. */
    public static Caller within(Duration bound) {
        return new Caller(Instant.now().plus(bound), Optional.empty());
    }

    /** The same trace, with a bound of its own: clean-up outlives the client's patience. */
    public Caller extended(Duration bound) {
        return new Caller(Instant.now().plus(bound), traceparent);
    }

    /** How long the caller still waits; never negative. */
    public Duration remaining() {
        var left = Duration.between(Instant.now(), deadline);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** Options for one call made on the caller's behalf, bounded by its deadline and by most. */
    public CallOptions options(Duration most) {
        var left = remaining();
        if (left.isZero()) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "the request's deadline has passed");
        }
        return new CallOptions(left.compareTo(most) < 0 ? left : most, traceparent);
    }
}
