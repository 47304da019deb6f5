package dev.gantry.bus.broker;

import dev.gantry.bus.wire.FrameReader;

import java.time.Duration;

/**
 * What one peer, or all connections of one user, may take of the broker.
 *
 * @param longestFrame bytes of a frame, without its length
 * @param unreadBytes a connection that has not read this much is cut off
 * @param heldBytes of a user's unfinished frames and of its requests that wait for an owner
 * @param connections in all
 * @param userConnections of one user
 * @param registrations of one connection
 * @param userPending calls of one user that are not answered yet
 * @param waiting requests that wait for the owner of one address
 * @param frameTime from the first byte of a frame to its last
 * @param grace how long a request waits for an owner, if its deadline is not sooner
 */
public record Limits(
        int longestFrame,
        long unreadBytes,
        long heldBytes,
        int connections,
        int userConnections,
        int registrations,
        int userPending,
        int waiting,
        Duration frameTime,
        Duration grace) {
    private static final int MIB = 1024 * 1024;

    /** What the broker's process uses. */
    public static final Limits DEFAULT =
            new Limits(
                    FrameReader.DEFAULT_LONGEST,
                    8 * MIB,
                    16 * MIB,
                    1024,
                    256,
                    64,
                    2048,
                    1024,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10));
}
