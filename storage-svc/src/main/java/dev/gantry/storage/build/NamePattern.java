package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.List;

/**
 * A pattern for one name of a path: {@code *}, {@code ?}, {@code [a-z]}, {@code [^a]} and a
 * backslash before a character that means itself. Matching takes time by the name's length times
 * the pattern's, whatever stands in them.
 */
final class NamePattern {
    private sealed interface Part {}

    private record Literal(char character) implements Part {}

    private record Any() implements Part {}

    private record Star() implements Part {}

    private record OneOf(boolean not, List<char[]> ranges) implements Part {
        boolean matches(char c) {
            return not != ranges.stream().anyMatch(range -> range[0] <= c && c <= range[1]);
        }
    }

    private final List<Part> parts = new ArrayList<>();
    private final String text;

    private NamePattern(String text) {
        this.text = text;
        for (int at = 0; at < text.length(); ) {
            at = part(at);
        }
    }

    static NamePattern of(String text) {
        return new NamePattern(text);
    }

    /** Whether a text can match something else than itself. */
    static boolean isPattern(String text) {
        return text.chars().anyMatch(c -> "*?[\\".indexOf(c) >= 0);
    }

    private int part(int at) {
        char c = text.charAt(at);
        switch (c) {
            case '*' -> {
                if (parts.isEmpty() || !(parts.getLast() instanceof Star)) {
                    parts.add(new Star());
                }
            }
            case '?' -> parts.add(new Any());
            case '[' -> {
                return oneOf(at + 1);
            }
            case '\\' -> {
                if (at + 1 == text.length()) {
                    throw malformed();
                }
                parts.add(new Literal(text.charAt(at + 1)));
                return at + 2;
            }
            default -> parts.add(new Literal(c));
        }
        return at + 1;
    }

    private int oneOf(int from) {
        int at = from;
        boolean not = at < text.length() && (text.charAt(at) == '^' || text.charAt(at) == '!');
        if (not) {
            at++;
        }
        var ranges = new ArrayList<char[]>();
        while (at < text.length() && (text.charAt(at) != ']' || ranges.isEmpty())) {
            char low = text.charAt(at++);
            if (low == '\\' && at < text.length()) {
                low = text.charAt(at++);
            }
            char high = low;
            if (at + 1 < text.length() && text.charAt(at) == '-' && text.charAt(at + 1) != ']') {
                high = text.charAt(at + 1);
                at += 2;
            }
            ranges.add(new char[] {low, high});
        }
        if (at >= text.length()) {
            throw malformed();
        }
        parts.add(new OneOf(not, List.copyOf(ranges)));
        return at + 1;
    }

    private FaultException malformed() {
        return FaultException.invalid("pattern %s is malformed", Names.quote(text));
    }

    /** Whether it means a name, all of it. */
    boolean matches(String name) {
        int part = 0;
        int at = 0;
        int star = -1;
        int resume = 0;
        while (at < name.length()) {
            if (part < parts.size() && parts.get(part) instanceof Star) {
                star = part++;
                resume = at;
            } else if (part < parts.size() && matches(parts.get(part), name.charAt(at))) {
                part++;
                at++;
            } else if (star >= 0) {
                part = star + 1;
                at = ++resume;
            } else {
                return false;
            }
        }
        while (part < parts.size() && parts.get(part) instanceof Star) {
            part++;
        }
        return part == parts.size();
    }

    private static boolean matches(Part part, char c) {
        return switch (part) {
            case Literal(var wanted) -> c == wanted;
            case Any any -> true;
            case OneOf set -> set.matches(c);
            case Star star -> false;
        };
    }
}
