package dev.gantry.storage.archive;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

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
            return at.find(components[components.length - 1]).map(Found::stat);
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
            var names = new TreeSet<String>();
            at.parts().forEach(part -> names.addAll(part.names()));
            var merged = at;
            return names.stream().filter(name -> merged.find(name).isPresent()).toList();
        } finally {
            at.close();
        }
    }

    /**
     * The content of a regular file, links followed within the stack; empty if there is none.
     * Anything but a regular file of at most {@code maxBytes} is refused.
     */
    public Optional<byte[]> read(String path, int maxBytes) {
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
                    return Optional.of(found.get().in().read(name, maxBytes));
                } else {
                    return Optional.empty();
                }
            }
            throw FaultException.invalid("/%s is a directory", path);
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
