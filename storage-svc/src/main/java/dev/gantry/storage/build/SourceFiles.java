package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeSet;

/**
 * The files that a build adds, found in the tree that they come from. Links on the way to a path
 * are followed within that tree alone (security.md rows 19 and 26), links in it are not.
 */
final class SourceFiles {
    private final LayerStack stack;
    private final String what;
    private final PathPatterns ignored;
    private final PathPatterns excluded;

    /**
     * Over a tree.
     *
     * @param what the tree is called in errors
     * @param ignored of the whole tree
     * @param excluded beneath each path
     */
    SourceFiles(LayerStack stack, String what, List<String> ignored, List<String> excluded) {
        this.stack = stack;
        this.what = what;
        this.ignored = new PathPatterns(ignored);
        this.excluded = new PathPatterns(excluded);
    }

    /**
     * What a path names.
     *
     * @param asked raw, relative, as it was found; empty for the root of the tree
     * @param real the same without links
     */
    record Item(String asked, String real, FileStat stat) {
        String name() {
            return asked.substring(asked.lastIndexOf('/') + 1);
        }

        String parent() {
            int slash = asked.lastIndexOf('/');
            return slash < 0 ? "" : asked.substring(0, slash);
        }
    }

    /** Is told of an item and all below it. */
    interface Visitor {
        /**
         * A file.
         *
         * @param path raw, below the item; empty for the item itself
         */
        void visit(Directory in, String name, String path, FileStat stat) throws IOException;
    }

    /** What patterns name, each in the order of names; a pattern may name nothing, all may not. */
    List<Item> find(List<String> patterns) {
        var found = new ArrayList<Item>();
        for (var pattern : patterns) {
            int before = found.size();
            var components = components(pattern);
            expand("", components, 0, found);
            boolean literal = components.stream().noneMatch(NamePattern::isPattern);
            if (found.size() == before && literal) {
                throw absent(pattern);
            }
        }
        if (found.isEmpty() && !patterns.isEmpty()) {
            throw absent(String.join(" ", patterns));
        }
        return found;
    }

    private FaultException absent(String pattern) {
        return FaultException.of(
                FaultCode.NOT_FOUND,
                "no such file in %s%s: %s",
                what,
                ignored.isEmpty() ? "" : " (or .dockerignore leaves it out)",
                Names.quote(pattern));
    }

    private static List<String> components(String pattern) {
        var components = new ArrayList<String>();
        for (var component : pattern.split("/")) {
            if (component.isEmpty() || component.equals(".")) {
                continue;
            }
            if (!component.equals("..")) {
                components.add(component);
            } else if (components.isEmpty()) {
                throw FaultException.invalid("%s leads out of it", Names.quote(pattern));
            } else {
                components.removeLast();
            }
        }
        return components;
    }

    private void expand(String asked, List<String> components, int next, List<Item> found) {
        if (next == components.size()) {
            add(asked, found);
            return;
        }
        var component = components.get(next);
        var prefix = asked.isEmpty() ? "" : asked + "/";
        if (!NamePattern.isPattern(component)) {
            expand(prefix + Raw.of(component), components, next + 1, found);
            return;
        }
        var pattern = NamePattern.of(component);
        var directory = StackPaths.resolve(stack, asked);
        for (var name : new TreeSet<>(stack.names(directory.path()))) {
            if (pattern.matches(Raw.text(name))) {
                expand(prefix + name, components, next + 1, found);
            }
        }
    }

    private void add(String asked, List<Item> found) {
        var real = StackPaths.resolve(stack, asked);
        if (real.stat().isEmpty()) {
            return;
        }
        var item = new Item(asked, real.path(), real.stat().get());
        if (leftOut(item)) {
            return;
        }
        found.add(item);
    }

    private boolean leftOut(Item item) {
        boolean mayHoldMore = item.stat().isDirectory() && ignored.takeBack();
        return !mayHoldMore
                        && (ignored.leavesOut(Raw.text(item.asked()))
                                || ignored.leavesOut(Raw.text(item.real())))
                || !item.stat().isDirectory() && excluded.leavesOut(Raw.text(item.name()));
    }

    /** Shows an item and, of a directory, all below it that is not left out. */
    void walk(Item item, Visitor visitor) {
        if (!item.stat().isDirectory()) {
            stack.visit(item.real(), (in, name, path, stat) -> visitor.visit(in, name, "", stat));
            return;
        }
        stack.select(item.real(), new Walk(item, visitor));
    }

    /** A directory that is left out, unless something in it is not. */
    private record Pending(Directory in, String name, String path, FileStat stat) {}

    private final class Walk implements LayerStack.Selector {
        private final Item item;
        private final Visitor visitor;
        private final List<PathPatterns.Above> ignoredAbove = new ArrayList<>();
        private final List<PathPatterns.Above> excludedAbove = new ArrayList<>();
        private final Deque<Pending> pending = new ArrayDeque<>();

        Walk(Item item, Visitor visitor) {
            this.item = item;
            this.visitor = visitor;
        }

        @Override
        public boolean visit(Directory in, String name, String path, FileStat stat)
                throws IOException {
            var relative = path.equals(".") ? "" : path;
            boolean out = isLeftOut(relative, stat);
            boolean mayHoldMore = ignored.takeBack() || excluded.takeBack();
            while (!pending.isEmpty() && !relative.startsWith(pending.peekLast().path() + "/")) {
                pending.removeLast();
            }
            if (!out) {
                for (var above : pending) {
                    visitor.visit(above.in(), above.name(), above.path(), above.stat());
                }
                pending.clear();
                visitor.visit(in, name, relative, stat);
                return true;
            }
            if (stat.isDirectory() && mayHoldMore) {
                pending.addLast(new Pending(in, name, relative, stat));
                return true;
            }
            return false;
        }

        private boolean isLeftOut(String relative, FileStat stat) {
            int depth =
                    relative.isEmpty()
                            ? 0
                            : 1 + (int) relative.chars().filter(c -> c == '/').count();
            var whole =
                    item.real()
                            + (relative.isEmpty() || item.real().isEmpty() ? "" : "/")
                            + relative;
            return isLeftOut(ignored, ignoredAbove, depth, whole, relative.isEmpty())
                    || isLeftOut(excluded, excludedAbove, depth, relative, false)
                            && !relative.isEmpty();
        }

        private boolean isLeftOut(
                PathPatterns patterns,
                List<PathPatterns.Above> above,
                int depth,
                String path,
                boolean fromRoot) {
            if (patterns.isEmpty()) {
                return false;
            }
            while (above.size() > depth) {
                above.removeLast();
            }
            var matched =
                    fromRoot || above.isEmpty()
                            ? patterns.through(Raw.text(path))
                            : patterns.match(Raw.text(path), above.getLast());
            above.add(matched);
            // The root of a context cannot be left out.
            return !path.isEmpty() && patterns.leavesOut(matched);
        }
    }
}
