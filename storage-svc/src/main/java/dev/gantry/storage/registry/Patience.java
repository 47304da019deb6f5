package dev.gantry.storage.registry;

import java.time.Duration;

/**
 * How long a registry is waited for. Each can be set by a system property {@code
 * gantry.storage.registry.<name>Millis}.
 *
 * @param connect for a connection
 * @param answer from a request to the head of its answer
 * @param stall without a byte of a body
 * @param pause before the first repetition; doubled before each further one
 * @param attempts in a row without a byte
 */
record Patience(Duration connect, Duration answer, Duration stall, Duration pause, int attempts) {
    /** The longest that a server may ask to wait ({@code Retry-After}). */
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    static Patience configured() {
        return new Patience(
                millis("connect", 20_000),
                millis("answer", 60_000),
                millis("stall", 60_000),
                millis("pause", 250),
                5);
    }

    private static Duration millis(String name, long otherwise) {
        return Duration.ofMillis(
                Long.getLong("gantry.storage.registry." + name + "Millis", otherwise));
    }

    Duration pause(int attempt) {
        var pause = pause().multipliedBy(1L << Math.min(attempt, 10));
        return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }
}
