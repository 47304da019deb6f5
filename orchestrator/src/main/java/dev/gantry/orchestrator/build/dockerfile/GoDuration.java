package dev.gantry.orchestrator.build.dockerfile;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/** Spans of time as Go writes them: {@code 1h30m}, {@code 1.5s}, {@code 200ms}. */
final class GoDuration {
    private static final Pattern PART =
            Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ns|us|µs|ms|s|m|h)");

    private GoDuration() {}

    /** Nanoseconds, where the text is a span that is not negative and fits 63 bits. */
    static Optional<Long> nanos(String text) {
        if (text.equals("0")) {
            return Optional.of(0L);
        }
        if (text.length() > 40) {
            return Optional.empty();
        }
        var matcher = PART.matcher(text);
        var sum = BigDecimal.ZERO;
        int at = 0;
        while (matcher.find() && matcher.start() == at) {
            sum = sum.add(new BigDecimal(matcher.group(1)).multiply(unit(matcher.group(2))));
            at = matcher.end();
        }
        if (at == 0
                || at != text.length()
                || sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            return Optional.empty();
        }
        return Optional.of(sum.longValue());
    }

    private static BigDecimal unit(String unit) {
        return BigDecimal.valueOf(
                switch (unit) {
                    case "ns" -> 1L;
                    case "us", "µs" -> 1_000L;
                    case "ms" -> 1_000_000L;
                    case "s" -> 1_000_000_000L;
                    case "m" -> 60_000_000_000L;
                    default -> 3_600_000_000_000L;
                });
    }
}
