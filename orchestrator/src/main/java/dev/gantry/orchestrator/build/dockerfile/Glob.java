package dev.gantry.orchestrator.build.dockerfile;

/**
 * A pattern with {@code *} and {@code ?}, as a variable's modifiers have it. Its cost rises with
 * the length of the text times that of the pattern, whatever stands in them.
 */
final class Glob {
    private final StringBuilder characters = new StringBuilder();
    private final StringBuilder kinds = new StringBuilder();

    Glob(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            boolean literal = c == '\\' && i + 1 < pattern.length();
            characters.append(literal ? pattern.charAt(++i) : c);
            kinds.append(!literal && (c == '*' || c == '?') ? c : 'c');
        }
    }

    /** The same from its end to its beginning. */
    private Glob(Glob forward) {
        characters.append(forward.characters).reverse();
        kinds.append(forward.kinds).reverse();
    }

    Glob reversed() {
        return new Glob(this);
    }

    /** Where a match that begins at a place ends, the longest or the shortest; -1 without one. */
    int end(CharSequence text, int from, boolean longest) {
        int length = characters.length();
        var states = new boolean[length + 1];
        states[0] = true;
        skipStars(states);
        int found = states[length] ? from : -1;
        for (int at = from; at < text.length() && (longest || found < 0); at++) {
            var next = new boolean[length + 1];
            boolean any = false;
            for (int i = 0; i < length; i++) {
                if (!states[i]) {
                    continue;
                }
                char kind = kinds.charAt(i);
                if (kind == '*') {
                    next[i] = true;
                    any = true;
                } else if (kind == '?' || characters.charAt(i) == text.charAt(at)) {
                    next[i + 1] = true;
                    any = true;
                }
            }
            if (!any) {
                return found;
            }
            states = next;
            skipStars(states);
            if (states[length]) {
                found = at + 1;
            }
        }
        return found;
    }

    private void skipStars(boolean[] states) {
        for (int i = 0; i < kinds.length(); i++) {
            if (states[i] && kinds.charAt(i) == '*') {
                states[i + 1] = true;
            }
        }
    }
}
