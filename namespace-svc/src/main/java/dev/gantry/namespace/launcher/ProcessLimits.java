package dev.gantry.namespace.launcher;

import dev.gantry.namespace.plan.HostLimits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads what a process may give to its children, proc(5): limits, status, oom_score_adj. */
final class ProcessLimits {
    private static final int SYS_RESOURCE = 24;

    /** By RLIMIT_* number. */
    private static final List<String> LABELS =
            List.of(
                    "Max cpu time",
                    "Max file size",
                    "Max data size",
                    "Max stack size",
                    "Max core file size",
                    "Max resident set",
                    "Max processes",
                    "Max open files",
                    "Max locked memory",
                    "Max address space",
                    "Max file locks",
                    "Max pending signals",
                    "Max msgqueue size",
                    "Max nice priority",
                    "Max realtime priority",
                    "Max realtime timeout");

    private ProcessLimits() {}

    /** What is known of it; where /proc hides it, nothing is: the kernel then says so itself. */
    static HostLimits of(long pid) {
        var proc = Path.of("/proc", Long.toString(pid));
        try {
            var status = Files.readAllLines(proc.resolve("status"));
            long effective = mask(status, "CapEff:");
            return new HostLimits(
                    hard(Files.readAllLines(proc.resolve("limits"))),
                    (effective >> SYS_RESOURCE & 1) != 0,
                    Integer.parseInt(Files.readString(proc.resolve("oom_score_adj")).strip()),
                    mask(status, "CapBnd:"),
                    appArmor(),
                    Files.exists(Path.of("/sys/fs/selinux/enforce")));
        } catch (IOException hidden) {
            return HostLimits.UNKNOWN;
        }
    }

    private static boolean appArmor() throws IOException {
        var enabled = Path.of("/sys/module/apparmor/parameters/enabled");
        return Files.isReadable(enabled) && Files.readString(enabled).startsWith("Y");
    }

    private static long mask(List<String> status, String label) {
        return status.stream()
                .filter(line -> line.startsWith(label))
                .map(line -> Long.parseUnsignedLong(line.substring(label.length()).strip(), 16))
                .findFirst()
                .orElse(-1L);
    }

    static Map<Integer, Long> hard(List<String> lines) {
        var out = new HashMap<Integer, Long>();
        for (String line : lines) {
            for (int i = 0; i < LABELS.size(); i++) {
                if (line.startsWith(LABELS.get(i))) {
                    var values = line.substring(LABELS.get(i).length()).strip().split("\\s+");
                    String hard = values[1];
                    out.put(i, hard.equals("unlimited") ? -1L : Long.parseUnsignedLong(hard));
                }
            }
        }
        return out;
    }
}
