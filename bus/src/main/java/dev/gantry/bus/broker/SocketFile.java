package dev.gantry.bus.broker;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The broker's socket in the file system. It is bound beside its place and moved there with its
 * mode set, so that it is never seen half made.
 *
 * <p>Its mode is 0666: peers are seven users and root, and share no group. Who may connect is the
 * policy's to say, by SO_PEERCRED, before a byte is read. It has a path, so that a container cannot
 * reach it as it could an abstract one (security.md row 17).
 */
record SocketFile(Path path) {
    private Path unpublished() {
        return path.resolveSibling(path.getFileName() + ".new");
    }

    /** Where to bind. A broker that answers on the path already is a fault. */
    Path prepare() throws IOException {
        Files.createDirectories(path.getParent());
        if (answers()) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS, "another bus answers on %s already", path);
        }
        Files.deleteIfExists(unpublished());
        return unpublished();
    }

    /** Peers may connect from now on. */
    void publish() {
        try {
            Files.setPosixFilePermissions(
                    unpublished(), PosixFilePermissions.fromString("rw-rw-rw-"));
            Files.move(unpublished(), path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The broker has closed: whoever connects shall see that nobody is there. */
    void remove() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean answers() {
        try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException e) {
            return false;
        }
    }
}
