package dev.gantry.namespace.launcher;

import java.util.Locale;

/** Requests, by their number in protocol.md section 2. */
public enum ShimRequest {
    CREATE(1, true),
    START(2, true),
    SIGNAL(3, false),
    RESIZE(4, false),
    STATE(5, false),
    EXEC(6, true),
    WATCH(8, false),
    REMOVE(9, false),
    DELETE(10, false);

    private final int number;
    private final boolean timed;

    ShimRequest(int number, boolean timed) {
        this.number = number;
        this.timed = timed;
    }

    int number() {
        return number;
    }

    /** Whether timings follow the answer. */
    boolean timed() {
        return timed;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
