package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Patterns of a {@code .dockerignore}: {@code **} stands for any number of directories, {@code !}
 * takes back, the last pattern that matches decides, and what matches a directory matches all that
 * is in it.
 */
final class PathPatterns {
    private static final int MAX_PATTERNS = 10_000;
    private static final int MAX_LENGTH = 4_096;

    /** A component that is empty here is {@code **}. */
    private record Pattern(boolean back, List<Optional<NamePattern>> components) {}

    private final List<Pattern> patterns = new ArrayList<>();
    private final boolean takesBack;

    PathPatterns(List<String> lines) {
        if (lines.size() > MAX_PATTERNS) {
            throw FaultException.invalid(
                    "%d patterns of files to leave out, at most %d", lines.size(), MAX_PATTERNS);
        }
        lines.forEach(this::add);
        takesBack = patterns.stream().anyMatch(Pattern::back);
    }

    private void add(String line) {
        var text = line.strip();
        if (text.isEmpty()) {
            return;
        }
        if (text.length() > MAX_LENGTH) {
            throw FaultException.invalid(
                    "pattern %s is longer than %d characters", Names.quote(text), MAX_LENGTH);
        }
        boolean back = text.startsWith("!");
        var components = new ArrayList<Optional<NamePattern>>();
        for (var component : (back ? text.substring(1) : text).strip().split("/")) {
            switch (component) {
                case "", "." -> {
                    // As if it were not there.
                }
                case ".." -> {
                    if (!components.isEmpty()) {
                        components.removeLast();
                    }
                }
                case "**" -> components.add(Optional.empty());
                default -> components.add(Optional.of(NamePattern.of(component)));
            }
        }
        if (!components.isEmpty()) {
            patterns.add(new Pattern(back, List.copyOf(components)));
        }
    }

    /** Whether something in a directory that is left out may be wanted all the same. */
    boolean takeBack() {
        return takesBack;
    }

    /** Whether there is none. */
    boolean isEmpty() {
        return patterns.isEmpty();
    }

    /** Which patterns match a directory: whatever is in it is matched by them too. */
    record Above(BitSet matched) {
        /** None. */
        static final Above NOTHING = new Above(new BitSet());
    }

    /** Which patterns match a path (text, relative), or the directories above it. */
    Above match(String path, Above above) {
        var matched = (BitSet) above.matched().clone();
        var names = path.split("/");
        for (int i = 0; i < patterns.size(); i++) {
            if (!matched.get(i) && matches(patterns.get(i).components(), names)) {
                matched.set(i);
            }
        }
        return new Above(matched);
    }

    /** Whether what these patterns match is left out. */
    boolean leavesOut(Above matched) {
        boolean out = false;
        for (int i = 0; i < patterns.size(); i++) {
            if (matched.matched().get(i)) {
                out = !patterns.get(i).back();
            }
        }
        return out;
    }

    /** Whether a path is left out, the directories above it considered. */
    boolean leavesOut(String path) {
        return leavesOut(through(path));
    }

    /** {@link #match} along a path from the root. */
    Above through(String path) {
        var above = Above.NOTHING;
        for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
            above = match(path.substring(0, slash), above);
        }
        return path.isEmpty() ? above : match(path, above);
    }

    private static boolean matches(List<Optional<NamePattern>> pattern, String[] names) {
        // reach[j]: what was read of the pattern can stand for the first j names.
        var reach = new boolean[names.length + 1];
        reach[0] = true;
        for (int i = 0; i < pattern.size(); i++) {
            var next = new boolean[names.length + 1];
            var component = pattern.get(i);
            boolean last = i == pattern.size() - 1;
            boolean begun = false;
            for (int j = 0; j <= names.length; j++) {
                if (component.isEmpty()) {
                    // At the end it stands for something, elsewhere also for nothing.
                    next[j] = begun || !last && reach[j];
                    begun |= reach[j];
                } else if (j > 0 && reach[j - 1]) {
                    next[j] = component.get().matches(names[j - 1]);
                }
            }
            reach = next;
        }
        return reach[names.length];
    }
}
