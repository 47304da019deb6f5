package dev.gantry.orchestrator.engine;

import java.util.Locale;

/** Byte counts as people read them. */
final class Sizes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

    private Sizes() {}

    /** For example {@code 100 MB}, {@code 99.9 MB}; powers of 1000, as the limits are said. */
    static String words(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1000 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        var text = String.format(Locale.ROOT, "%.1f", value);
        return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text)
                + " "
                + UNITS[unit];
    }
}
