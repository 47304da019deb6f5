package dev.gantry.orchestrator.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Programs of other processors, as far as this kernel runs them: by an interpreter of binfmt_misc
 * (Documentation/admin-guide/binfmt-misc.rst) that it keeps open (flag F), for there is none in the
 * image.
 */
final class Emulation {
    private static final Path ENTRIES = Path.of("/proc/sys/fs/binfmt_misc");

    /** e_machine of elf(5), as it stands in a file. */
    private static final Map<String, String> MACHINES =
            Map.of(
                    "amd64", "3e00",
                    "386", "0300",
                    "arm", "2800",
                    "arm64", "b700",
                    "ppc64le", "1500",
                    "s390x", "0016",
                    "riscv64", "f300",
                    "mips64le", "0800",
                    "loong64", "0201");

    private static final int MACHINE_AT = 18;

    private Emulation() {}

    /** Whether programs of a platform run here. */
    static boolean runs(Platform platform) {
        if (platform.isHost()
                || platform.architecture().equals("386")
                        && Platform.host().architecture().equals("amd64")) {
            return true;
        }
        var machine = MACHINES.get(platform.architecture());
        if (machine == null || !Files.isDirectory(ENTRIES)) {
            return false;
        }
        try (var entries = Files.list(ENTRIES)) {
            return entries.filter(path -> !path.endsWith("register") && !path.endsWith("status"))
                    .anyMatch(path -> takes(path, machine));
        } catch (IOException e) {
            return false; // Not for this user to see: it is as if there were none.
        }
    }

    private static boolean takes(Path entry, String machine) {
        try {
            var lines = Files.readString(entry, StandardCharsets.ISO_8859_1).lines().toList();
            boolean fixed = false;
            boolean magic = false;
            for (var line : lines) {
                fixed |= line.startsWith("flags:") && line.contains("F");
                magic |=
                        line.startsWith("magic 7f454c46")
                                && line.startsWith(machine, "magic ".length() + 2 * MACHINE_AT);
            }
            return fixed && magic && lines.contains("enabled");
        } catch (IOException e) {
            return false; // It went away meanwhile.
        }
    }
}
