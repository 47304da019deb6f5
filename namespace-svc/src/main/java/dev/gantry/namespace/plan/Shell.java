package dev.gantry.namespace.plan;

import java.util.Collection;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Words of a POSIX shell. */
final class Shell {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private Shell() {}

    /** One word, whatever it holds. */
    static String word(String text) {
        return PLAIN.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
    }

    /** Words with spaces between. */
    static String words(Collection<String> texts) {
        return texts.stream().map(Shell::word).collect(Collectors.joining(" "));
    }

    /** A path below the root that is being made: {@code "$root"/proc}. */
    static String inRoot(String path) {
        return "\"$root\"" + word(path);
    }
}
