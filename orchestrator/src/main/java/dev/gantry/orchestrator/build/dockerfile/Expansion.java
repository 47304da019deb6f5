package dev.gantry.orchestrator.build.dockerfile;

import dev.gantry.bus.contract.Names;

import java.util.Optional;
import java.util.function.Function;

/**
 * Replaces variables and takes quotes away, as Docker does in most instructions: {@code $name},
 * {@code ${name}}, with {@code :-} {@code -} {@code :+} {@code +} {@code :?} {@code ?} and a word,
 * {@code #} {@code ##} {@code %} {@code %%} and a pattern, {@code /pattern/text}. What comes of it
 * is bounded, so that variables which repeat each other cannot fill the heap.
 */
public final class Expansion {
    private static final int MAX_LENGTH = 1 << 20;
    private static final int MAX_DEPTH = 32;
    private static final int MAX_CUT = 4096;
    private static final int MAX_PATTERN = 64;

    private final Place place;
    private final char escape;
    private final Function<String, Optional<String>> variables;
    private final boolean quotes;

    private final String text;
    private int at;
    private int depth;
    private final StringBuilder out = new StringBuilder();

    private Expansion(
            Place place,
            char escape,
            boolean quotes,
            Function<String, Optional<String>> variables,
            String text) {
        this.place = place;
        this.escape = escape;
        this.quotes = quotes;
        this.variables = variables;
        this.text = text;
    }

    /** A word of an instruction, quotes taken away. */
    public static String word(
            Place place, char escape, Function<String, Optional<String>> variables, String text) {
        return new Expansion(place, escape, true, variables, text).run();
    }

    /** The content of a heredoc: quotes in it are its own. */
    public static String heredoc(
            Place place, char escape, Function<String, Optional<String>> variables, String text) {
        return new Expansion(place, escape, false, variables, text).run();
    }

    private String run() {
        until('\0', false);
        return out.toString();
    }

    private void put(char c) {
        out.append(c);
        bound();
    }

    private void put(String value) {
        out.append(value);
        bound();
    }

    private void bound() {
        if (out.length() > MAX_LENGTH) {
            throw place.refuse("the variables come to more than %d characters", MAX_LENGTH);
        }
    }

    /** Up to the character, which is taken, or to the end of the text. */
    private void until(char end, boolean within) {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (within && c == end) {
                at++;
                return;
            }
            if (c == '$') {
                at++;
                variable();
            } else if (c == escape) {
                escaped();
            } else if (quotes && c == '\'') {
                single();
            } else if (quotes && c == '"') {
                twofold();
            } else {
                put(c);
                at++;
            }
        }
        if (within) {
            throw place.refuse("%s: no %s ends the variable", Names.quote(text), end);
        }
    }

    private void escaped() {
        at++;
        if (at >= text.length()) {
            put(escape);
            return;
        }
        if (!quotes && text.charAt(at) != '$' && text.charAt(at) != escape) {
            put(escape);
        }
        put(text.charAt(at++));
    }

    private void single() {
        int end = text.indexOf('\'', at + 1);
        if (end < 0) {
            throw place.refuse("%s: a quote is not ended", Names.quote(text));
        }
        put(text.substring(at + 1, end));
        at = end + 1;
    }

    private void twofold() {
        at++;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return;
            }
            if (c == '$') {
                at++;
                variable();
                continue;
            }
            if (c == escape && at + 1 < text.length()) {
                char following = text.charAt(at + 1);
                if (following == '"' || following == '$' || following == escape) {
                    at++;
                    c = following;
                }
            }
            put(c);
            at++;
        }
        throw place.refuse("%s: a quote is not ended", Names.quote(text));
    }

    private void variable() {
        if (at >= text.length() || text.charAt(at) != '{') {
            var name = name();
            put(name.isEmpty() ? "$" : variables.apply(name).orElse(""));
            return;
        }
        at++;
        var name = name();
        if (name.isEmpty() || at >= text.length()) {
            throw place.refuse("%s: a variable has no name or no end", Names.quote(text));
        }
        var value = variables.apply(name);
        boolean colon = text.charAt(at) == ':';
        if (colon) {
            at++;
            value = value.filter(v -> !v.isEmpty());
        }
        char modifier = at < text.length() ? text.charAt(at++) : '\0';
        if (!colon && modifier == '}') {
            put(value.orElse(""));
            return;
        }
        modified(name, value, colon, modifier);
    }

    private void modified(String name, Optional<String> value, boolean colon, char modifier) {
        switch (modifier) {
            case '-' -> {
                var other = inner();
                put(value.orElse(other));
            }
            case '+' -> {
                var other = inner();
                put(value.isPresent() ? other : "");
            }
            case '?' -> {
                var message = inner();
                put(
                        value.orElseThrow(
                                () ->
                                        place.refuse(
                                                "%s: %s",
                                                name, message.isEmpty() ? "is not set" : message)));
            }
            case '#', '%', '/' -> {
                if (colon) {
                    throw notKnown(":" + modifier);
                }
                cut(value.orElse(""), modifier);
            }
            default -> throw notKnown((colon ? ":" : "") + modifier);
        }
    }

    private RuntimeException notKnown(String modifier) {
        return place.refuse(
                "%s: the modifier %s is not known", Names.quote(text), Names.quote(modifier));
    }

    private void cut(String value, char modifier) {
        boolean twice = at < text.length() && text.charAt(at) == modifier;
        if (twice) {
            at++;
        }
        var word = inner();
        if (value.length() > MAX_CUT || word.length() > MAX_PATTERN) {
            throw place.refuse(
                    "a pattern of %d characters over a value of %d: at most %d over %d",
                    word.length(), value.length(), MAX_PATTERN, MAX_CUT);
        }
        switch (modifier) {
            case '#' -> put(value.substring(Math.max(0, new Glob(word).end(value, 0, twice))));
            case '%' -> {
                var backwards = new StringBuilder(value).reverse();
                int end = Math.max(0, new Glob(word).reversed().end(backwards, 0, twice));
                put(value.substring(0, value.length() - end));
            }
            default -> replace(value, word, twice);
        }
    }

    private void replace(String value, String word, boolean all) {
        int slash = word.indexOf('/');
        var pattern = new Glob(slash < 0 ? word : word.substring(0, slash));
        var by = slash < 0 ? "" : word.substring(slash + 1);
        int from = 0;
        while (from < value.length()) {
            int end = pattern.end(value, from, true);
            if (end <= from) {
                put(value.charAt(from++));
                continue;
            }
            put(by);
            from = end;
            if (!all) {
                break;
            }
        }
        put(value.substring(from));
    }

    /** The word after a modifier, itself expanded, up to the closing brace. */
    private String inner() {
        if (++depth > MAX_DEPTH) {
            throw place.refuse("variables stand more than %d deep in each other", MAX_DEPTH);
        }
        int before = out.length();
        until('}', true);
        depth--;
        var word = out.substring(before);
        out.setLength(before);
        return word;
    }

    private String name() {
        int begin = at;
        if (at < text.length() && Character.toString(text.charAt(at)).matches("[0-9@*#!?-]")) {
            // A special parameter of the shell: it has no value here. ${-} would be one too.
            return text.substring(begin, ++at);
        }
        while (at < text.length() && isNamePart(text.charAt(at))) {
            at++;
        }
        return text.substring(begin, at);
    }

    private static boolean isNamePart(char c) {
        return c == '_' || c < 128 && Character.isLetterOrDigit(c);
    }
}
