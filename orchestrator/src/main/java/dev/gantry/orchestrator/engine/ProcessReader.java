package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.container.ContainerResult.ProcessTable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads processes from /proc, proc_pid_status(5), proc_pid_stat(5). */
final class ProcessReader {
    private static final List<String> TITLES =
            List.of("PID", "INSIDE", "PPID", "UID", "STATE", "RSS", "TIME", "COMMAND");
    private static final long TICKS_A_SECOND = 100; // USER_HZ, the same on all ports of Linux

    private final Path proc;

    ProcessReader(Path proc) {
        this.proc = proc;
    }

    /**
     * A row a process that is still there: its pid on the host and inside its container, its parent
     * on the host, user, state, resident kB, processor time, command line.
     */
    ProcessTable table(List<Long> pids) {
        var rows = new ArrayList<List<String>>();
        for (var pid : pids) {
            row(pid).ifPresent(rows::add);
        }
        return new ProcessTable(TITLES, rows);
    }

    private Optional<List<String>> row(long pid) {
        var directory = proc.resolve(Long.toString(pid));
        try {
            var status = status(Files.readString(directory.resolve("status")));
            var stat = Files.readString(directory.resolve("stat"));
            // The command in parentheses may hold anything, so count from the last one.
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
            var inside = status.getOrDefault("NSpid", "").split("\\s+");
            return Optional.of(
                    List.of(
                            Long.toString(pid),
                            inside[inside.length - 1],
                            status.getOrDefault("PPid", ""),
                            status.getOrDefault("Uid", "").split("\\s+")[0],
                            status.getOrDefault("State", "").split(" ")[0],
                            status.getOrDefault("VmRSS", "0 kB"),
                            time(ticks),
                            command(directory, status.getOrDefault("Name", ""))));
        } catch (IOException | RuntimeException gone) {
            // It ended between the list and the look.
            return Optional.empty();
        }
    }

    private static Map<String, String> status(String text) {
        var map = new HashMap<String, String>();
        text.lines()
                .forEach(
                        line -> {
                            int colon = line.indexOf(':');
                            if (colon > 0) {
                                map.put(
                                        line.substring(0, colon),
                                        line.substring(colon + 1).strip());
                            }
                        });
        return map;
    }

    private static String time(long ticks) {
        long seconds = ticks / TICKS_A_SECOND;
        return String.format("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }

    private static String command(Path directory, String name) throws IOException {
        var line =
                new String(Files.readAllBytes(directory.resolve("cmdline")), StandardCharsets.UTF_8)
                        .replace('\0', ' ')
                        .strip();
        return line.isEmpty() ? "[" + name + "]" : line;
    }
}
