package dev.gantry.storage.hostshell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** Finds the shared libraries that programs ask for, as ld.so(8) does, without running it. */
final class SharedLibraries {
    private static final List<String> DEFAULT = List.of("/lib64", "/usr/lib64", "/lib", "/usr/lib");

    private final List<Path> directories;
    private final Set<Path> defaults;
    private boolean usedConfiguration;

    SharedLibraries() throws IOException {
        var found = new LinkedHashSet<Path>();
        var triplet = triplet();
        found.add(Path.of("/lib", triplet));
        found.add(Path.of("/usr/lib", triplet));
        DEFAULT.forEach(directory -> found.add(Path.of(directory)));
        defaults = Set.copyOf(found);
        configured(Path.of("/etc/ld.so.conf"), found, 0);
        directories = List.copyOf(found);
    }

    private static String triplet() {
        var arch = System.getProperty("os.arch");
        return (arch.equals("amd64") ? "x86_64" : arch) + "-linux-gnu";
    }

    /** ld.so.conf: a directory a line, and {@code include} of patterns. */
    private static void configured(Path file, Set<Path> into, int depth) throws IOException {
        if (depth > 4 || !Files.isRegularFile(file)) {
            return;
        }
        for (var line : Files.readAllLines(file)) {
            var words = line.replaceFirst("#.*", "").strip();
            if (words.startsWith("include ")) {
                var pattern = Path.of(words.substring(8).strip());
                var directory = pattern.getParent();
                if (directory != null && Files.isDirectory(directory)) {
                    try (var files =
                            Files.newDirectoryStream(directory, pattern.getFileName().toString())) {
                        var sorted = new TreeMap<String, Path>();
                        files.forEach(path -> sorted.put(path.toString(), path));
                        for (var included : sorted.values()) {
                            configured(included, into, depth + 1);
                        }
                    }
                }
            } else if (words.startsWith("/")) {
                into.add(Path.of(words));
            }
        }
    }

    /**
     * All that a program needs to be loaded, by the paths at which the loader looks for it. Nothing
     * for a static program; an IOException that names what is missing.
     */
    Set<Path> of(Path program) throws IOException {
        var found = new LinkedHashSet<Path>();
        var todo = new ArrayList<>(List.of(program));
        while (!todo.isEmpty()) {
            var file = todo.removeLast();
            var elf = ElfFile.read(file);
            if (elf.isEmpty()) {
                continue;
            }
            elf.get().interpreter().map(Path::of).ifPresent(found::add);
            for (var name : elf.get().needed()) {
                var library =
                        find(name, elf.get().runpath(), file)
                                .orElseThrow(
                                        () ->
                                                new IOException(
                                                        file
                                                                + " needs "
                                                                + name
                                                                + ", which is not there"));
                if (found.add(library)) {
                    todo.add(library);
                }
            }
        }
        return found;
    }

    /** A library by its name. */
    Optional<Path> find(String name) {
        return find(name, List.of(), Path.of("/"));
    }

    private Optional<Path> find(String name, List<String> runpath, Path user) {
        if (name.startsWith("/")) {
            return Optional.of(Path.of(name));
        }
        for (var directory : runpath) {
            var origin = user.toAbsolutePath().getParent();
            var path =
                    Path.of(
                                    directory
                                            .replace("${ORIGIN}", "$ORIGIN")
                                            .replace("$ORIGIN", String.valueOf(origin)))
                            .resolve(name)
                            .normalize();
            if (path.isAbsolute() && Files.isRegularFile(path)) {
                return Optional.of(path);
            }
        }
        for (var directory : directories) {
            var path = directory.resolve(name);
            if (Files.isRegularFile(path)) {
                usedConfiguration |= !defaults.contains(directory);
                return Optional.of(path);
            }
        }
        return Optional.empty();
    }

    /** Whether the loader needs {@code /etc/ld.so.cache} to find what was found. */
    boolean needCache() {
        return usedConfiguration;
    }
}
