package dev.gantry.bus;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.fault.Quote;

/** Names of addresses and topics, and patterns of them. */
public final class Topics {
    private static final int LONGEST = 200;

    private Topics() {}

    /** Whether a topic is the pattern, or begins with what stands before the pattern's star. */
    public static boolean matches(String pattern, String topic) {
        var last = pattern.length() - 1;
        return last >= 0 && pattern.charAt(last) == '*'
                ? topic.regionMatches(0, pattern, 0, last)
                : pattern.equals(topic);
    }

    /** The name, if it is made of letters, digits and {@code . - _}. */
    public static String check(String name) {
        if (!isName(name, name.length())) {
            throw FaultException.invalid("%s is not an address", Quote.of(name));
        }
        return name;
    }

    /** The pattern, if it is a name that may end in a star. */
    public static String checkPattern(String pattern) {
        var length = pattern.endsWith("*") ? pattern.length() - 1 : pattern.length();
        if (!isName(pattern, length)) {
            throw FaultException.invalid("%s is not a topic or a pattern", Quote.of(pattern));
        }
        return pattern;
    }

    private static boolean isName(String text, int length) {
        if (length > LONGEST || text.isEmpty()) {
            return false;
        }
        for (var i = 0; i < length; i++) {
            var c = text.charAt(i);
            if (!(c >= 'a' && c <= 'z'
                    || c >= 'A' && c <= 'Z'
                    || c >= '0' && c <= '9'
                    || c == '.'
                    || c == '-'
                    || c == '_'
                    || c == ':')) {
                return false;
            }
        }
        return true;
    }
}
