package dev.gantry.bus.fault;

/** Text of strangers made safe to print. */
public final class Quote {
    private static final int LONGEST = 160;

    private Quote() {}

    /** The text in quotes, cut and with control characters made visible. */
    public static String of(String text) {
        if (text == null) {
            return "(absent)";
        }
        var out = new StringBuilder("\"");
        text.codePoints()
                .limit(LONGEST)
                .forEach(
                        c -> {
                            if (c < 0x20 || c == '"' || c >= 0x7f && (c < 0xa0 || c > 0x24f)) {
                                out.append(String.format("\\u%04x", c));
                            } else {
                                out.appendCodePoint(c);
                            }
                        });
        return out.append('"').toString();
    }
}
