package dev.gantry.orchestrator.resident;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a path, a process id or the mode of a new file depends on beside its value.
 *
 * @param umask of new files
 * @param identities inode numbers of the namespaces mnt, pid, user and cgroup; device and inode
 *     number of the root directory
 */
record Surroundings(int umask, List<Long> identities) {
    static final int IDENTITIES = 6;
    private static final List<String> NAMESPACES = List.of("mnt", "pid", "user", "cgroup");

    /** Those of this process. */
    static Surroundings own() {
        try {
            var identities = new ArrayList<Long>();
            for (var namespace : NAMESPACES) {
                identities.add(number(Path.of("/proc/self/ns", namespace), "ino"));
            }
            identities.add(number(Path.of("/"), "dev"));
            identities.add(number(Path.of("/"), "ino"));
            return new Surroundings(ownUmask(), identities);
        } catch (IOException e) {
            throw new IllegalStateException("every process has namespaces in /proc", e);
        }
    }

    private static long number(Path path, String attribute) throws IOException {
        return ((Number) Files.getAttribute(path, "unix:" + attribute)).longValue();
    }

    /** The line Umask of proc(5), octal. */
    private static int ownUmask() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("Umask:")) {
                return Integer.parseInt(line.substring("Umask:".length()).strip(), 8);
            }
        }
        throw new IOException("/proc/self/status has no Umask");
    }
}
