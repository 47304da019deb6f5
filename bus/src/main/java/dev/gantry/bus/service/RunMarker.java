package dev.gantry.bus.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that is there while a service runs: found at the start, it tells of a crash. */
public final class RunMarker {
    private final Path file;

    /** The marker in a service's state directory, which is made if it is not there. */
    public RunMarker(Path stateDirectory) {
        this.file = stateDirectory.resolve("running");
    }

    /** Sets the marker; true if the run before did not remove it. */
    public boolean begin() throws IOException {
        Files.createDirectories(file.getParent());
        var afterCrash = Files.exists(file);
        Files.writeString(file, ProcessHandle.current().pid() + "\n");
        return afterCrash;
    }

    /** The run ends cleanly. */
    public void end() throws IOException {
        Files.deleteIfExists(file);
    }
}
