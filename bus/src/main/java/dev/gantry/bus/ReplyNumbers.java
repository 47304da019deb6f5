package dev.gantry.bus;

import java.util.concurrent.atomic.AtomicLong;

/** Reply addresses of one session, which the broker keeps apart from those of others. */
final class ReplyNumbers {
    private static final String PREFIX = "reply.";

    private final AtomicLong last = new AtomicLong();

    String next() {
        return PREFIX + last.incrementAndGet();
    }

    boolean matches(String address) {
        return address.startsWith(PREFIX);
    }
}
