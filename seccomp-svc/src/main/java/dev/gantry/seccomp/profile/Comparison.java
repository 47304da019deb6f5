package dev.gantry.seccomp.profile;

import java.util.Optional;
import java.util.stream.Stream;

/** How an argument is compared; always as unsigned numbers, as the kernel's filters do. */
public enum Comparison {
    NE("!="),
    LT("<"),
    LE("<="),
    EQ("=="),
    GE(">="),
    GT(">"),
    MASKED_EQ("&");

    private final String symbol;

    Comparison(String symbol) {
        this.symbol = symbol;
    }

    /** As one would write it. */
    public String symbol() {
        return symbol;
    }

    /** By the name that profiles use, {@code SCMP_CMP_…}. */
    public static Optional<Comparison> named(String ociName) {
        return Stream.of(values()).filter(c -> ociName.equals("SCMP_CMP_" + c.name())).findFirst();
    }
}
