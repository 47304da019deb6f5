package dev.gantry.cgroup.controller;

import java.util.Optional;

/** Numbers as cgroup files write them: decimal, unsigned 64 bits, or {@code max}. */
public final class Numbers {
    /** v1 says "no limit" with the highest page-aligned signed number. */
    private static final long NO_LIMIT = Long.MAX_VALUE - (1 << 20);

    private Numbers() {}

    /** The number; empty for {@code max}, for what v1 writes in its place, and for no number. */
    public static Optional<Long> parse(String text) {
        var digits = text.strip();
        if (digits.isEmpty() || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return Optional.empty();
        }
        try {
            long value = Long.parseUnsignedLong(digits);
            return value < 0 || value > NO_LIMIT ? Optional.empty() : Optional.of(value);
        } catch (NumberFormatException tooLong) {
            return Optional.empty();
        }
    }

    /** The number behind a key of a flat keyed file ({@code oom_kill 3}). */
    public static Optional<Long> keyed(String text, String key) {
        return text.lines()
                .filter(line -> line.startsWith(key + " "))
                .findFirst()
                .flatMap(line -> parse(line.substring(key.length() + 1)));
    }

    /** A limit in words of v2: −1 is {@code max}. */
    public static String orMax(long limit) {
        return limit == -1 ? "max" : Long.toString(limit);
    }
}
