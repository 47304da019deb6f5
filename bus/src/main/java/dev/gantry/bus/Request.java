package dev.gantry.bus;

import java.time.Instant;

/**
 * An operation as it reaches the service that carries it out.
 *
 * @param sender who asks
 * @param deadline when the caller stops waiting
 * @param traceparent W3C trace context of the caller
 */
public record Request<O>(O operation, Peer sender, Instant deadline, String traceparent) {}
