package dev.gantry.orchestrator.engine;

import java.util.Locale;
import java.util.Optional;

/** Byte counts as people read them. */
final class Sizes {
    private static final String[] DECIMAL = {"B", "kB", "MB", "GB", "TB"};
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Sizes() {}

    /**
     * For example {@code 100 MB}, {@code 99.9 MB}, {@code 20 MiB}: in powers of 1024 where the
     * limit is whole in them, and else of 1000, so that a limit reads as it was said.
     */
    static String words(Optional<Long> bytes, Optional<Long> limit) {
        boolean binary = limit.orElse(1L) % (1 << 20) == 0;
        return bytes.map(count -> words(count, binary ? 1024 : 1000)).orElse("unknown");
    }

    private static String words(long bytes, int base) {
        var units = base == 1024 ? BINARY : DECIMAL;
        double value = bytes;
        int unit = 0;
        while (value >= base && unit < units.length - 1) {
            value /= base;
            unit++;
        }
        var text = String.format(Locale.ROOT, "%.1f", value);
        return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text)
                + " "
                + units[unit];
    }
}
