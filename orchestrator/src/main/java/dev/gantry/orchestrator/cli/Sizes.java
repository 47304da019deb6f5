package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Pattern;

/** Sizes and durations as people write and read them. */
public final class Sizes {
    private static final Pattern SIZE =
            Pattern.compile("([0-9]+(?:\\.[0-9]+)?)\\s*([bkmgtBKMGT]?)(?:i?[bB])?");
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};

    private Sizes() {}

    /** Bytes of {@code 100m}, {@code 1.5g}, {@code 4096}; powers of 1024, as Docker has it. */
    public static long bytes(String option, String text) {
        if (text.equals("-1")) {
            return -1;
        }
        var matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw FaultException.invalid(
                    "%s %s is not a size: write for example 100m or 2g", option, Names.quote(text));
        }
        int shift =
                switch (matcher.group(2).toLowerCase(Locale.ROOT)) {
                    case "k" -> 10;
                    case "m" -> 20;
                    case "g" -> 30;
                    case "t" -> 40;
                    default -> 0;
                };
        var bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << shift));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw FaultException.invalid("%s %s is more than 2^63 bytes", option, text);
        }
        return bytes.longValue();
    }

    /** A size in three digits, powers of 1000. */
    static String human(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        var format = unit == 0 || value >= 100 ? "%.0f%s" : value >= 10 ? "%.1f%s" : "%.2f%s";
        return String.format(Locale.ROOT, format, value, UNITS[unit]);
    }

    /** How long ago a time is, roughly. */
    static String ago(long epochSeconds) {
        return span(System.currentTimeMillis() / 1000 - epochSeconds) + " ago";
    }

    /** A span of seconds, roughly. */
    static String span(long seconds) {
        if (seconds < 1) {
            return "Less than a second";
        }
        if (seconds < 60) {
            return plural(seconds, "second");
        }
        if (seconds < 3600) {
            return plural(seconds / 60, "minute");
        }
        if (seconds < 48 * 3600) {
            return plural(seconds / 3600, "hour");
        }
        if (seconds < 60L * 86400) {
            return plural(seconds / 86400, "day");
        }
        return plural(seconds / (30L * 86400), "month");
    }

    private static String plural(long count, String unit) {
        return count + " " + unit + (count == 1 ? "" : "s");
    }
}
