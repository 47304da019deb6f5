package dev.gantry.bus.contract;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.fault.Quote;

import java.util.regex.Pattern;

/**
 * The grammar of names that become part of a path (security.md rows 22 and 30): ASCII, no
 * separator, no leading dot or dash, bounded.
 */
public final class Names {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
    private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");

    private Names() {}

    /** The name, if it fits the grammar. */
    public static String check(String what, String name) {
        if (name == null || !NAME.matcher(name).matches()) {
            throw FaultException.invalid(
                    "%s %s is not a name of 1 to 128 characters [a-zA-Z0-9_.-] that begins with a"
                            + " letter or digit",
                    what, quote(name));
        }
        return name;
    }

    /** The digest, if it is {@code sha256:} and 64 hexadecimal digits. */
    public static String checkDigest(String digest) {
        if (digest == null || !DIGEST.matcher(digest).matches()) {
            throw FaultException.invalid("digest %s is not sha256:<64 hex digits>", quote(digest));
        }
        return digest;
    }

    /** The text in quotes, cut and with control characters made visible, safe to print. */
    public static String quote(String text) {
        return Quote.of(text);
    }
}
