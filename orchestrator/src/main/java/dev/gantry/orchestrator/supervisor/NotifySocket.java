package dev.gantry.orchestrator.supervisor;

import jnr.unixsocket.UnixDatagramChannel;
import jnr.unixsocket.UnixSocketAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Consumer;

/** Receives what one process says by sd_notify(3): READY=1, WATCHDOG=1, STOPPING=1, STATUS=…. */
final class NotifySocket implements AutoCloseable {
    private static final int LONGEST = 4096;

    private final Path path;
    private final UnixDatagramChannel channel;
    private volatile boolean closed;

    /** Binds a socket that only {@code uid} and root may write to. */
    NotifySocket(Path path, int uid) throws IOException {
        this.path = path;
        Files.deleteIfExists(path);
        channel = UnixDatagramChannel.open();
        channel.bind(new UnixSocketAddress(path.toFile()));
        Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }

    /**
     * Begins to receive.
     *
     * @param listener is given each line, on a thread of its own
     */
    void listen(Consumer<String> listener) {
        Thread.ofPlatform()
                .daemon()
                .name("notify-" + path.getFileName())
                .stackSize(128 << 10)
                .start(() -> receive(listener));
    }

    private void receive(Consumer<String> listener) {
        var buffer = ByteBuffer.allocate(LONGEST);
        try (channel) {
            while (!closed) {
                buffer.clear();
                channel.receive(buffer);
                buffer.flip();
                StandardCharsets.UTF_8.decode(buffer).toString().lines().forEach(listener);
            }
        } catch (IOException e) {
            System.err.println("supervisor: receive on " + path + ": " + e);
        }
    }

    Path path() {
        return path;
    }

    /** Ends the thread, too: closing alone does not wake a receiver, so it is sent something. */
    @Override
    public void close() throws IOException {
        closed = true;
        try (var waker = UnixDatagramChannel.open()) {
            waker.send(ByteBuffer.allocate(0), new UnixSocketAddress(path.toFile()));
        }
        Files.deleteIfExists(path);
    }
}
