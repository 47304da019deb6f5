package dev.gantry.orchestrator.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** The states of runtime.md, and {@code paused}, which runc adds. They are read off the kernel. */
enum Status {
    CREATING,
    CREATED,
    RUNNING,
    PAUSED,
    STOPPED;

    /** What the launcher's program is called while the init has not executed its command. */
    private static final String LAUNCHER = "/memfd:gantry-launcher";

    /** What the init of a container is doing now. */
    static Status of(ContainerState state) {
        if (state.pid() == 0 || !ProcStat.lives(state.pid(), state.startTime())) {
            return STOPPED;
        }
        if (state.freezer().map(Status::frozen).orElse(false)) {
            return PAUSED;
        }
        try {
            var program = Files.readSymbolicLink(Path.of("/proc", "" + state.pid(), "exe"));
            return program.toString().startsWith(LAUNCHER) ? CREATED : RUNNING;
        } catch (IOException itEndedNow) {
            return ProcStat.lives(state.pid(), state.startTime()) ? RUNNING : STOPPED;
        }
    }

    private static boolean frozen(String file) {
        try {
            var text = Files.readString(Path.of(file)).strip();
            return text.equals("1") || text.startsWith("FR"); // FROZEN, FREEZING
        } catch (IOException noSuchGroup) {
            return false;
        }
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
