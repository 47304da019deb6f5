package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where paths of a stack lead, links followed within it; what is not there stands for itself. */
final class StackPaths {
    private static final int MAX_LINKS = 40;
    private static final int MAX_COMPONENTS = 4_096;

    private StackPaths() {}

    /**
     * A path without links.
     *
     * @param path raw, relative; empty for the root
     * @param stat empty: nothing is there
     */
    record Found(String path, Optional<FileStat> stat) {
        boolean isDirectory() {
            return stat.filter(FileStat::isDirectory).isPresent();
        }
    }

    /** Follows a raw path. */
    static Found resolve(LayerStack stack, String path) {
        var todo = new ArrayDeque<>(List.of(path.split("/")));
        var done = new ArrayList<String>();
        int links = 0;
        Optional<FileStat> at = stack.stat("");
        while (!todo.isEmpty()) {
            var name = todo.pop();
            if (name.isEmpty() || name.equals(".")) {
                continue;
            }
            if (name.equals("..")) {
                if (!done.isEmpty()) {
                    done.removeLast();
                    at = stack.stat(String.join("/", done));
                }
                continue;
            }
            done.add(name);
            var real = String.join("/", done);
            at = at.isPresent() ? stack.stat(real) : Optional.empty();
            if (at.filter(FileStat::isSymlink).isPresent()) {
                if (++links > MAX_LINKS || todo.size() > MAX_COMPONENTS) {
                    throw FaultException.invalid(
                            "%s: too many symbolic links", Names.quote("/" + Raw.text(path)));
                }
                done.removeLast();
                var target = stack.link(real).orElse("");
                if (target.startsWith("/")) {
                    done.clear();
                }
                for (var component : List.of(target.split("/")).reversed()) {
                    todo.push(component);
                }
                at = stack.stat(String.join("/", done));
            }
        }
        return new Found(String.join("/", done), at);
    }
}
