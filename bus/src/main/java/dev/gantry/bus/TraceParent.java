package dev.gantry.bus;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/** W3C trace context, version 00: {@code 00-<trace id>-<parent id>-<flags>}. */
public final class TraceParent {
    private static final Pattern FORM =
            Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    private TraceParent() {}

    /** The given context if it is well formed, as the specification asks; else a new trace. */
    public static String orNew(Optional<String> given) {
        return given.filter(text -> FORM.matcher(text).matches()).orElseGet(TraceParent::create);
    }

    /** A new trace. Ids need to be distinct, not secret. */
    public static String create() {
        var random = ThreadLocalRandom.current();
        return "00-"
                + hex(random.nextLong())
                + hex(random.nextLong() | 1)
                + "-"
                + hex(random.nextLong() | 1)
                + "-01";
    }

    private static String hex(long value) {
        var text = Long.toHexString(value);
        return "0".repeat(16 - text.length()) + text;
    }
}
