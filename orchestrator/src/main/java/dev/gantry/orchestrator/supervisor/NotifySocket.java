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

/** Receives what one service says by sd_notify(3): READY=1, WATCHDOG=1, STOPPING=1, STATUS=…. */
final class NotifySocket implements AutoCloseable {
    private static final int LONGEST = 4096;

    private final Path path;
    private final UnixDatagramChannel channel;

    /**
     * Binds a socket that only {@code uid} and root may write to.
     *
     * @param listener is given each line, on a thread of its own
     */
    NotifySocket(Path path, int uid, Consumer<String> listener) throws IOException {
        this.path = path;
        Files.deleteIfExists(path);
        channel = UnixDatagramChannel.open();
        channel.bind(new UnixSocketAddress(path.toFile()));
        Files.setAttribute(path, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        Thread.ofPlatform()
                .daemon()
                .name("notify-" + path.getFileName())
                .stackSize(128 << 10)
                .start(() -> receive(listener));
    }

    private void receive(Consumer<String> listener) {
        var buffer = ByteBuffer.allocate(LONGEST);
        while (channel.isOpen()) {
            try {
                buffer.clear();
                channel.receive(buffer);
                buffer.flip();
                StandardCharsets.UTF_8.decode(buffer).toString().lines().forEach(listener);
            } catch (IOException e) {
                if (channel.isOpen()) {
                    System.err.println("supervisor: receive on " + path + ": " + e);
                }
                return;
            }
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(path);
    }
}
