package dev.gantry.storage.archive;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Layers seen as one, as overlayfs would merge them, without mounting them. Links are resolved
 * within the stack alone, so nothing in it can name a file of the host (security.md row 13).
 */
public final class LayerStack implements AutoCloseable {
    private static final int MAX_LINKS = 40;
    private static final int MAX_DEPTH = 250;
    private final List<Directory> roots;

    /** Takes over open directories, topmost first. */
    public LayerStack(List<Directory> roots) {
        this.roots = List.copyOf(roots);
    }

    /** A name of the stack: what it is and in which layer's directory it stands. */
    private record Found(Directory in, String name, FileStat stat) {}

    /** A directory of the stack: its parts, topmost first. */
    private record Merged(List<Directory> parts, boolean borrowed) implements AutoCloseable {
        Optional<Found> find(String name) {
            for (var part : parts) {
                var stat = part.stat(name);
                if (stat.isPresent()) {
                    return stat.get().isWhiteout()
                            ? Optional.empty()
                            : Optional.of(new Found(part, name, stat.get()));
                }
            }
            return Optional.empty();
        }

        /** The names of all parts, of which some may be hidden. */
        TreeSet<String> names() {
            var names = new TreeSet<String>();
            parts.forEach(part -> names.addAll(part.names()));
            return names;
        }

        Merged descend(String name) {
            var below = new ArrayList<Directory>();
            for (var part : parts) {
                var stat = part.stat(name);
                if (stat.isEmpty()) {
                    continue;
                }
                var directory =
                        stat.get().isDirectory() ? part.find(name) : Optional.<Directory>empty();
                if (directory.isEmpty()) {
                    break;
                }
                below.add(directory.get());
                if (isOpaque(directory.get())) {
                    break;
                }
            }
            return new Merged(below, false);
        }

        @Override
        public void close() {
            if (!borrowed) {
                parts.forEach(Directory::close);
            }
        }
    }

    /** Whether overlayfs shows nothing of the layers below in this directory. */
    public static boolean isOpaque(Directory directory) {
        var mark = directory.kernel().lgetxattr(directory.fd(), ".", LayerUnpacker.OPAQUE_XATTR);
        return !mark.failed() && Arrays.equals(mark.content(), new byte[] {'y'});
    }

    /** What a path is, without following a link anywhere in it. */
    public Optional<FileStat> stat(String path) {
        return look(path, (in, name, stat) -> stat);
    }

    /** Looks at what a path names. */
    @FunctionalInterface
    public interface Look<R> {
        /**
         * Is given it.
         *
         * @param in the directory in which it stands, in the topmost layer that has it
         */
        R of(Directory in, String name, FileStat stat);
    }

    /** Looks at what a path names, if it is there, without following a link anywhere in it. */
    public <R> Optional<R> look(String path, Look<R> look) {
        var components = path.split("/");
        var at = new Merged(roots, true);
        try {
            for (int i = 0; i < components.length - 1; i++) {
                var found = at.find(components[i]);
                if (found.isEmpty() || !found.get().stat().isDirectory()) {
                    return Optional.empty();
                }
                var below = at.descend(components[i]);
                at.close();
                at = below;
            }
            return at.find(components[components.length - 1])
                    .map(found -> look.of(found.in(), found.name(), found.stat()));
        } finally {
            at.close();
        }
    }

    /** All names of a directory of the stack; none if it is not there or no directory. */
    public List<String> names(String path) {
        var at = new Merged(roots, true);
        try {
            for (var component : path.split("/")) {
                if (component.isEmpty()) {
                    continue;
                }
                var found = at.find(component);
                if (found.isEmpty() || !found.get().stat().isDirectory()) {
                    return List.of();
                }
                var below = at.descend(component);
                at.close();
                at = below;
            }
            var merged = at;
            return at.names().stream().filter(name -> merged.find(name).isPresent()).toList();
        } finally {
            at.close();
        }
    }

    /**
     * The content of a regular file, links followed within the stack; empty if there is none.
     * Anything but a regular file of at most {@code maxBytes} is refused.
     */
    public Optional<byte[]> read(String path, int maxBytes) {
        return resolve(
                path,
                (open, found) -> {
                    if (found.isEmpty()) {
                        throw FaultException.invalid("/%s is a directory", path);
                    }
                    return found.get().in().read(found.get().name(), maxBytes);
                });
    }

    /** Is told of each name of a tree, a directory before what is in it, names in order. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * A name.
         *
         * @param in the directory in which it stands, in the topmost layer that has it
         * @param path below where the walk began; {@code .} for that directory itself
         */
        void visit(Directory in, String name, String path, FileStat stat) throws IOException;
    }

    /**
     * Walks through a directory and all below it; links on the way to it are followed within the
     * stack, links in it are not.
     *
     * @return whether there is such a directory
     */
    public boolean walk(String path, Visitor visitor) {
        return select(
                path,
                (in, name, child, stat) -> {
                    visitor.visit(in, name, child, stat);
                    return true;
                });
    }

    /** Like {@link Visitor}; says of each directory whether what is in it is wanted. */
    @FunctionalInterface
    public interface Selector {
        /** A name; see {@link Visitor#visit}. */
        boolean visit(Directory in, String name, String path, FileStat stat) throws IOException;
    }

    /** {@link #walk}, where the selector may leave directories out. */
    public boolean select(String path, Selector selector) {
        return resolve(
                        path,
                        (open, found) -> {
                            if (found.isPresent()) {
                                return false;
                            }
                            var top = open.parts().getFirst();
                            if (selector.visit(top, ".", ".", top.stat())) {
                                select(open, "", 0, selector);
                            }
                            return true;
                        })
                .orElse(false);
    }

    private static void select(Merged directory, String path, int depth, Selector selector)
            throws IOException {
        if (depth > MAX_DEPTH) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "/%s is more than %d deep",
                    Raw.text(path),
                    MAX_DEPTH);
        }
        for (var name : directory.names()) {
            var found = directory.find(name);
            if (found.isPresent()) {
                var child = path + name;
                boolean wanted = selector.visit(found.get().in(), name, child, found.get().stat());
                if (wanted && found.get().stat().isDirectory()) {
                    try (var below = directory.descend(name)) {
                        select(below, child + "/", depth + 1, selector);
                    }
                }
            }
        }
    }

    /**
     * Shows what a path leads to, if it is no directory; links are followed within the stack.
     *
     * @return whether there is such a thing
     */
    public boolean visit(String path, Visitor visitor) {
        return resolve(
                        path,
                        (open, found) -> {
                            if (found.isEmpty()) {
                                return false;
                            }
                            var file = found.get();
                            visitor.visit(file.in(), file.name(), ".", file.stat());
                            return true;
                        })
                .orElse(false);
    }

    /** The target of a symbolic link; no link in the path is followed. */
    public Optional<String> link(String path) {
        int slash = path.lastIndexOf('/');
        var above = new Merged(roots, true);
        try {
            for (var component : (slash < 0 ? "" : path.substring(0, slash)).split("/")) {
                if (!component.isEmpty()) {
                    var below = above.descend(component);
                    above.close();
                    above = below;
                }
            }
            return above.find(path.substring(slash + 1))
                    .filter(found -> found.stat().isSymlink())
                    .map(
                            found ->
                                    found.in()
                                            .kernel()
                                            .readlinkat(found.in().fd(), found.name())
                                            .orThrow("readlinkat %s", found.in().at(found.name())));
        } finally {
            above.close();
        }
    }

    /** What to do with what a path leads to: an open directory, or something else in one. */
    private interface Use<R> {
        R of(Merged open, Optional<Found> found) throws IOException;
    }

    /** Follows a path; empty if it leads nowhere. */
    private <R> Optional<R> resolve(String path, Use<R> use) {
        Deque<Merged> open = new ArrayDeque<>();
        open.push(new Merged(roots, true));
        var todo = new ArrayDeque<>(List.of(path.split("/")));
        int links = 0;
        try {
            while (!todo.isEmpty()) {
                var name = todo.pop();
                if (name.isEmpty() || name.equals(".")) {
                    continue;
                }
                if (name.equals("..")) {
                    if (open.size() > 1) {
                        open.pop().close();
                    }
                    continue;
                }
                var found = open.peek().find(name);
                if (found.isEmpty()) {
                    return Optional.empty();
                }
                var stat = found.get().stat();
                if (stat.isSymlink()) {
                    if (++links > MAX_LINKS) {
                        throw FaultException.invalid("/%s: too many symbolic links", path);
                    }
                    follow(found.get(), open, todo);
                } else if (stat.isDirectory()) {
                    open.push(open.peek().descend(name));
                } else if (todo.isEmpty()) {
                    return Optional.of(use.of(open.peek(), found));
                } else {
                    return Optional.empty();
                }
            }
            return Optional.of(use.of(open.peek(), Optional.empty()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            open.forEach(Merged::close);
        }
    }

    private static void follow(Found link, Deque<Merged> open, Deque<String> todo) {
        var in = link.in();
        var target =
                in.kernel()
                        .readlinkat(in.fd(), link.name())
                        .orThrow("readlinkat %s", in.at(link.name()));
        if (todo.size() > 4096) {
            throw FaultException.invalid("%s: a link that grows", in.at(Raw.text(link.name())));
        }
        if (target.startsWith("/")) {
            while (open.size() > 1) {
                open.pop().close();
            }
        }
        for (var component : List.of(target.split("/")).reversed()) {
            todo.push(component);
        }
    }

    @Override
    public void close() {
        roots.forEach(Directory::close);
    }
}
