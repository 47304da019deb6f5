package dev.gantry.orchestrator.cli;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A stream unix socket by which storage-svc gets, or gives, the bytes of an archive: it writes no
 * file of the caller's and reads no descriptor of his. The socket is in a directory that nobody
 * else may enter, and takes one connection.
 */
final class ArchiveSocket implements AutoCloseable {
    private final Path directory;
    private final ServerSocketChannel server;
    private final CompletableFuture<Optional<IOException>> copied;

    /** Copies between the connection and the caller's stream. */
    private interface Copy {
        void run(java.nio.channels.SocketChannel connection) throws IOException;
    }

    private ArchiveSocket(Path below, Copy copy) {
        try {
            Files.createDirectories(below);
            directory =
                    Files.createTempDirectory(
                            below,
                            "archive-",
                            PosixFilePermissions.asFileAttribute(
                                    PosixFilePermissions.fromString("rwx------")));
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(path()), 1);
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION, "a socket below %s: %s", below, e);
        }
        copied = new CompletableFuture<>();
        Invocation.current().closeAtEnd(this);
        Thread.ofPlatform().daemon().name("archive").start(() -> serve(copy));
    }

    private void serve(Copy copy) {
        try (var connection = server.accept()) {
            copy.run(connection);
            copied.complete(Optional.empty());
        } catch (AsynchronousCloseException e) {
            copied.complete(Optional.empty());
        } catch (IOException e) {
            copied.complete(Optional.of(e));
        }
    }

    /** What storage-svc writes goes to a stream. */
    static ArchiveSocket into(Path below, OutputStream out) {
        return new ArchiveSocket(
                below,
                connection -> {
                    Channels.newInputStream(connection).transferTo(out);
                    out.flush();
                });
    }

    /** What storage-svc reads comes from a stream. */
    static ArchiveSocket from(Path below, InputStream in) {
        return new ArchiveSocket(
                below, connection -> in.transferTo(Channels.newOutputStream(connection)));
    }

    Path path() {
        return directory.resolve("s");
    }

    /** Waits until all was copied; throws what went wrong on this side. */
    void await() throws IOException {
        try {
            var failed = copied.join();
            if (failed.isPresent()) {
                throw failed.get();
            }
        } catch (CompletionException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            Files.deleteIfExists(path());
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            Invocation.current().err().println("gantry: " + directory + ": " + e.getMessage());
        }
    }
}
