package dev.gantry.storage.kernel;

import static dev.gantry.storage.kernel.StorageKernel.AT_FDCWD;
import static dev.gantry.storage.kernel.StorageKernel.O_DIRECTORY;
import static dev.gantry.storage.kernel.StorageKernel.O_NOCTTY;
import static dev.gantry.storage.kernel.StorageKernel.O_NOFOLLOW;
import static dev.gantry.storage.kernel.StorageKernel.O_NONBLOCK;
import static dev.gantry.storage.kernel.StorageKernel.O_PATH;
import static dev.gantry.storage.kernel.StorageKernel.O_RDONLY;
import static dev.gantry.storage.kernel.StorageKernel.RESOLVE_BENEATH;
import static dev.gantry.storage.kernel.StorageKernel.RESOLVE_NO_MAGICLINKS;
import static dev.gantry.storage.kernel.StorageKernel.RESOLVE_NO_SYMLINKS;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An open directory. What lies below it is reached by descriptor, so that no symbolic link and no
 * rename can lead a call elsewhere (security.md row 20).
 *
 * @param path where it was opened, for messages only
 */
public record Directory(StorageKernel kernel, int fd, String path) implements AutoCloseable {
    /** Never out of the directory, never through a link. */
    public static final int BENEATH = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

    private static final int MAX_NAMES = 250_000;

    /** Opens a directory of the host, following links as the caller of the service meant them. */
    public static Directory open(StorageKernel kernel, Path path) {
        var raw = Raw.of(path.toAbsolutePath().toString());
        var fd = kernel.openat2(AT_FDCWD, raw, O_RDONLY | O_DIRECTORY, 0, 0);
        return new Directory(kernel, (int) fd.orThrow("open %s", path), path.toString());
    }

    /** Opens a directory below, strictly. */
    public Directory descend(String relative) {
        var fd = tryDescend(relative);
        return new Directory(kernel, (int) fd.orThrow("openat2 %s", at(relative)), at(relative));
    }

    /** Like {@link #descend}; empty if there is no such directory, or a link on the way. */
    public Optional<Directory> find(String relative) {
        var fd = tryDescend(relative);
        return switch (fd.errno()) {
            case Errno.ENOENT, Errno.ENOTDIR, Errno.ELOOP -> Optional.empty();
            default ->
                    Optional.of(
                            new Directory(
                                    kernel,
                                    (int) fd.orThrow("openat2 %s", at(relative)),
                                    at(relative)));
        };
    }

    private SyscallResult tryDescend(String relative) {
        return kernel.openat2(
                fd,
                relative.isEmpty() ? "." : relative,
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                0,
                BENEATH);
    }

    /** What a name is, if it is there. */
    public Optional<FileStat> stat(String name) {
        var stat = kernel.statx(fd, name);
        return stat.result().errno() == Errno.ENOENT
                ? Optional.empty()
                : Optional.of(stat.orThrow("statx %s", at(name)));
    }

    /** What this directory is. */
    public FileStat stat() {
        return kernel.statx(fd, "").orThrow("statx %s", path);
    }

    /** All names, sorted by their bytes; a directory of too many is RESOURCE_EXHAUSTED. */
    public List<String> names() {
        var names = new ArrayList<String>();
        // A descriptor of its own: the position in a directory belongs to the descriptor.
        try (var again = descend("")) {
            for (var batch = again.batch(); !batch.isEmpty(); batch = again.batch()) {
                names.addAll(batch);
                if (names.size() > MAX_NAMES) {
                    throw FaultException.of(
                            FaultCode.RESOURCE_EXHAUSTED,
                            "%s has more than %d names",
                            path,
                            MAX_NAMES);
                }
            }
        }
        names.sort(null);
        return names;
    }

    /** The next names, in no order; none at the end. */
    List<String> batch() {
        while (true) {
            var batch = kernel.getdents64(fd);
            var names = batch.orThrow("getdents64 %s", path);
            // A batch may hold nothing but "." and "..".
            if (!names.isEmpty() || batch.result().value() == 0) {
                return names;
            }
        }
    }

    /**
     * Opens a regular file for reading. It is looked at before it is opened for reading, so that no
     * device and no FIFO ever is (security.md row 13).
     */
    public FileInput file(String name) {
        var handle =
                (int)
                        kernel.openat2(fd, name, O_PATH | O_NOFOLLOW, 0, BENEATH)
                                .orThrow("openat2 %s", at(name));
        try {
            var stat = kernel.statx(handle, "").orThrow("statx %s", at(name));
            if (!stat.isRegular()) {
                throw FaultException.invalid("%s is not a regular file", at(name));
            }
            var file = kernel.reopen(handle, O_RDONLY | O_NONBLOCK | O_NOCTTY);
            return new FileInput(
                    kernel, (int) file.orThrow("open %s", at(name)), stat.size(), at(name));
        } finally {
            kernel.close(handle);
        }
    }

    /** Reads a regular file whole; a larger one is refused before anything is read. */
    public byte[] read(String name, int maxBytes) {
        try (var file = file(name)) {
            if (file.size() > maxBytes) {
                throw FaultException.invalid(
                        "%s has %d bytes, at most %d are read", at(name), file.size(), maxBytes);
            }
            return file.readNBytes((int) file.size());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A name below, for messages. */
    public String at(String name) {
        return name.isEmpty() ? path : path + "/" + Raw.text(name);
    }

    @Override
    public void close() {
        kernel.close(fd);
    }
}
