package dev.gantry.namespace;

import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.namespace.launcher.Pause;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A process that goes on though its shim was killed, since another than the shim is its parent
 * ({@code gantry-launcher --apart}). Its end will be noticed; how it ended, only its parent learns.
 */
final class Orphan {
    private static final int UNKNOWN = -1;
    private static final int STATE = 0;
    private static final int START_TIME = 19;

    private final ShimProcess process;
    private final ProcessHandle handle;

    private Orphan(ShimProcess process, ProcessHandle handle) {
        this.process = process;
        this.handle = handle;
    }

    /**
     * The process, if it lives.
     *
     * @param patience for how long it may still be dying
     */
    static Optional<Orphan> of(ShimProcess process, Duration patience) {
        var end = Instant.now().plus(patience);
        while (Instant.now().isBefore(end)) {
            if (living(process).isEmpty()) {
                return Optional.empty();
            }
            Pause.millis(10);
        }
        return living(process).map(handle -> new Orphan(process, handle));
    }

    /** The state is what it was, or running; then it is that of a process that has ended. */
    void follow() {
        if (process.status() != Status.CREATED && process.status() != Status.RUNNING) {
            process.found(Status.RUNNING, handle.pid(), Optional.empty());
        }
        handle.onExit()
                .thenRun(
                        () -> {
                            process.ended(
                                    new Exit(UNKNOWN, 0, RuntimeEvents.now()),
                                    Optional.of(
                                            "its shim was killed before it: how it ended is not"
                                                    + " known"));
                            process.whenGone().complete(null);
                        });
    }

    /** The process that the shim wrote down; one that waits to be reaped does not live. */
    private static Optional<ProcessHandle> living(ShimProcess process) {
        try {
            var noted = Files.readString(process.directory().resolve("pid")).strip().split(" ");
            var stat = Files.readString(Path.of("/proc", noted[0], "stat"));
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return fields[START_TIME].equals(noted[1]) && !fields[STATE].equals("Z")
                    ? ProcessHandle.of(Long.parseLong(noted[0]))
                    : Optional.empty();
        } catch (IOException notThere) {
            return Optional.empty();
        }
    }
}
