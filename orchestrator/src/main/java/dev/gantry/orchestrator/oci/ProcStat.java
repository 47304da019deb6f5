package dev.gantry.orchestrator.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** /proc/PID/stat of proc(5): whether a process is still the one that it was. */
final class ProcStat {
    private ProcStat() {}

    /** Whether it lives; a zombie does not. */
    static boolean lives(long pid, long startTime) {
        var fields = fields(pid);
        return fields.length > 19
                && !fields[0].equals("Z")
                && !fields[0].equals("X")
                && Long.parseLong(fields[19]) == startTime;
    }

    /** Its start time, in clock ticks since the boot; 0 if there is no such process. */
    static long startTime(long pid) {
        var fields = fields(pid);
        return fields.length > 19 ? Long.parseLong(fields[19]) : 0;
    }

    /** From field 3 on: the name before may hold anything. */
    private static String[] fields(long pid) {
        try {
            var text = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            return text.substring(text.lastIndexOf(')') + 2).split(" ");
        } catch (IOException noSuchProcess) {
            return new String[0];
        }
    }
}
