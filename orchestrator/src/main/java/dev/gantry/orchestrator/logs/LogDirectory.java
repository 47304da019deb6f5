package dev.gantry.orchestrator.logs;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Where the shims write the containers' logs: {@code logs/ID/container.log}, rotated to {@code
 * container.log.1} and so on. The directory of a container is made and removed here; the files in
 * it are the shim's.
 */
public final class LogDirectory {
    private static final String NAME = "container.log";

    private final Path root;

    /** The logs below a directory. */
    public LogDirectory(Path root) {
        this.root = root;
    }

    /** Makes the directory of a container and returns the path of its log. */
    public Path make(String id) {
        var directory = root.resolve(id);
        try {
            Files.createDirectories(root);
            Files.createDirectory(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwxr-x---")));
        } catch (FileAlreadyExistsException fromAnEarlierRun) {
            // The log of a container that is started again goes on.
        } catch (IOException e) {
            throw FaultException.of(FaultCode.INTERNAL, "make directory %s: %s", directory, e);
        }
        return current(id);
    }

    /** The path of a container's current log. */
    public Path current(String id) {
        return root.resolve(id).resolve(NAME);
    }

    /** The path of a rotated log, 1 being the youngest. */
    Path rotated(String id, int number) {
        return root.resolve(id).resolve(NAME + "." + number);
    }

    /** Removes the logs of a container. Not there is as good. */
    public void remove(String id) {
        var directory = root.resolve(id);
        try {
            try (var files = Files.newDirectoryStream(directory)) {
                for (var file : files) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(directory);
        } catch (NoSuchFileException gone) {
            // As asked.
        } catch (IOException e) {
            throw FaultException.of(FaultCode.INTERNAL, "remove %s: %s", directory, e);
        }
    }
}
