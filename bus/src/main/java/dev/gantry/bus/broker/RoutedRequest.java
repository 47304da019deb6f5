package dev.gantry.bus.broker;

import dev.gantry.bus.wire.Frame;

import java.util.Optional;

/** A request between its caller and its owner. */
final class RoutedRequest {
    final String token;
    final ConnectedPeer caller;

    /** As it goes to the owner: stamped, with the token as its reply address. */
    final Frame frame;

    final String replyAddress;
    final boolean repeatable;

    /** Who has it; empty while it waits for an owner. */
    Optional<ConnectedPeer> owner = Optional.empty();

    boolean redelivered;
    long deadlineTimer = -1;
    long graceTimer = -1;

    RoutedRequest(
            String token,
            ConnectedPeer caller,
            Frame frame,
            String replyAddress,
            boolean repeatable) {
        this.token = token;
        this.caller = caller;
        this.frame = frame;
        this.replyAddress = replyAddress;
        this.repeatable = repeatable;
    }
}
