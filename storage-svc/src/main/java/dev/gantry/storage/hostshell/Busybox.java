package dev.gantry.storage.hostshell;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The host's busybox. Which applets it has is read from its table of names: they stand in order,
 * each ended by a NUL, from {@code [} on. The program is not run for it.
 *
 * @param applets sorted
 */
record Busybox(Path program, List<String> applets) {
    private static final Pattern APPLET = Pattern.compile("[a-zA-Z0-9_.+-]{1,32}|\\[\\[?");
    private static final String FIRST = "\0[\0[[\0";

    /** What every use of the image counts on; a busybox without these is passed over. */
    private static final List<String> REQUIRED = List.of("sh", "cat", "grep", "id", "ls", "ps");

    static Optional<Busybox> find() throws IOException {
        for (var directory : HostPrograms.DIRECTORIES) {
            var program = Path.of(directory, "busybox");
            if (Files.isExecutable(program)) {
                var busybox = new Busybox(program, table(program));
                if (busybox.applets().containsAll(REQUIRED)) {
                    return Optional.of(busybox);
                }
            }
        }
        return Optional.empty();
    }

    private static List<String> table(Path program) throws IOException {
        var text = new String(Files.readAllBytes(program), StandardCharsets.ISO_8859_1);
        var applets = new TreeSet<String>();
        int at = text.indexOf(FIRST) + 1;
        while (at > 0) {
            int end = text.indexOf('\0', at);
            var name = end < 0 ? "" : text.substring(at, end);
            boolean ordered = applets.isEmpty() || name.compareTo(applets.last()) > 0;
            if (!APPLET.matcher(name).matches() || !ordered) {
                break;
            }
            applets.add(name);
            at = end + 1;
        }
        return List.copyOf(applets);
    }
}
