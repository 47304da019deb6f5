package dev.gantry.orchestrator.model;

import java.time.Instant;

/** Time as events and records tell it: nanoseconds since the Unix epoch. */
public final class Clock {
    private Clock() {}

    /** Now. */
    public static long nowNanos() {
        var now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }
}
