package dev.gantry.orchestrator.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Paths of /proc and /sys that tell about the host or act on it: hidden or made read-only in every
 * container, as Docker does (security.md row 16).
 */
final class ProtectedPaths {
    private static final Path CPUS = Path.of("/sys/devices/system/cpu");

    private static final List<String> ALWAYS_MASKED =
            List.of(
                    "/proc/acpi",
                    "/proc/asound",
                    "/proc/interrupts",
                    "/proc/kcore",
                    "/proc/keys",
                    "/proc/latency_stats",
                    "/proc/sched_debug",
                    "/proc/scsi",
                    "/proc/timer_list",
                    "/proc/timer_stats",
                    "/sys/devices/virtual/powercap",
                    "/sys/firmware");

    /** Read-only in every container. */
    static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    /** Hidden in every container of this host. */
    static final List<String> MASKED = masked();

    private ProtectedPaths() {}

    private static List<String> masked() {
        var all = new ArrayList<>(ALWAYS_MASKED);
        // A count of thermal events per processor tells a neighbour's load (moby
        // GHSA-6fw5-f8r9-fgfm).
        try (var cpus = Files.newDirectoryStream(CPUS, "cpu[0-9]*")) {
            for (var cpu : cpus) {
                var throttle = cpu.resolve("thermal_throttle");
                if (Files.isDirectory(throttle)) {
                    all.add(throttle.toString());
                }
            }
        } catch (IOException noSuchDirectory) {
            // A host without the directory has nothing of it to hide.
        }
        return List.copyOf(all);
    }
}
