package dev.gantry.bus.client;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * A client of a shim's attach socket: the standard streams of one process, framed as
 * namespace-svc/src/main/c/protocol.md, section 6, has it. Output is read by {@link #pump} on one
 * thread; the senders may be called from others.
 */
public final class AttachClient implements AutoCloseable {
    /** Bytes written before this client came are sent first (the last 64 KiB). */
    public static final int REPLAY = 1;

    /** This client will send standard input. */
    public static final int STDIN = 2;

    /** The process waits for this client to read, as it would for a pipe. */
    public static final int BLOCKING = 4;

    private static final int HELLO_FRAME = 0;
    private static final int STDIN_FRAME = 1;
    private static final int STDIN_EOF_FRAME = 2;
    private static final int RESIZE_FRAME = 3;
    private static final int DETACH_FRAME = 4;
    private static final int STDOUT_FRAME = 16;
    private static final int STDERR_FRAME = 17;
    private static final int EXIT_FRAME = 18;
    private static final int ERROR_FRAME = 19;
    private static final int READY_FRAME = 20;
    private static final int HEADER = 5;
    private static final int LONGEST = 64 << 10;
    private static final int LONGEST_ADDRESS = 107;

    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(HEADER + LONGEST);
    private final ByteBuffer out = ByteBuffer.allocate(HEADER + LONGEST);

    private AttachClient(SocketChannel channel) {
        this.channel = channel;
        in.limit(0);
    }

    /**
     * Connects, and returns when nothing that is written from now on will be missed.
     *
     * @param flags some of {@link #REPLAY}, {@link #STDIN}, {@link #BLOCKING}
     */
    public static AttachClient connect(Path socket, int flags) {
        try {
            var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                reach(channel, socket);
                var client = new AttachClient(channel);
                client.send(HELLO_FRAME, new byte[] {(byte) flags}, 1);
                client.awaitReady();
                return client;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "attach %s: %s", socket, e.getMessage());
        }
    }

    /**
     * A path that is longer than an address can be (unix(7): 107 bytes; those of exec sessions are)
     * is reached by way of a link that is shorter.
     */
    private static void reach(SocketChannel channel, Path socket) throws IOException {
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_ADDRESS) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return;
        }
        var directory = Files.createTempDirectory("gantry-attach");
        var link = directory.resolve("at");
        try {
            Files.createSymbolicLink(link, socket.toAbsolutePath().getParent());
            channel.connect(UnixDomainSocketAddress.of(link.resolve(socket.getFileName())));
        } finally {
            Files.deleteIfExists(link);
            Files.delete(directory);
        }
    }

    private void awaitReady() throws IOException {
        fill(HEADER);
        int type = in.get(in.position());
        if (type != READY_FRAME && type != ERROR_FRAME) {
            throw new IOException("the first frame has type " + type + ", not READY");
        }
        if (type == READY_FRAME) {
            in.position(in.position() + HEADER);
        }
    }

    /** Sends standard input. */
    public void write(byte[] bytes, int length) throws IOException {
        send(STDIN_FRAME, bytes, length);
    }

    /** Says that there is no more standard input. */
    public void closeInput() throws IOException {
        send(STDIN_EOF_FRAME, new byte[0], 0);
    }

    /** Tells the size of this client's terminal. */
    public void resize(int rows, int columns) throws IOException {
        var size = ByteBuffer.allocate(4).putShort((short) rows).putShort((short) columns);
        send(RESIZE_FRAME, size.array(), 4);
    }

    /** Leaves; the process goes on. {@link #pump} then returns empty. */
    public void detach() throws IOException {
        send(DETACH_FRAME, new byte[0], 0);
        channel.shutdownOutput();
    }

    private synchronized void send(int type, byte[] bytes, int length) throws IOException {
        for (int sent = 0; sent == 0 || sent < length; ) {
            int part = Math.min(length - sent, LONGEST);
            out.clear().put((byte) type).putInt(part).put(bytes, sent, part).flip();
            while (out.hasRemaining()) {
                channel.write(out);
            }
            sent += Math.max(part, 1);
        }
    }

    /**
     * Passes output on until the process has ended and all of it has come.
     *
     * @return its exit code (128 + signal if a signal ended it); empty after {@link #detach}
     */
    public OptionalInt pump(OutputStream stdout, OutputStream stderr) throws IOException {
        try {
            while (true) {
                fill(HEADER);
                int type = in.get();
                int length = in.getInt();
                if (length < 0 || length > LONGEST) {
                    throw new IOException("a frame announces " + length + " bytes");
                }
                fill(length);
                var bytes = in.array();
                int from = in.position();
                switch (type) {
                    case STDOUT_FRAME -> pass(stdout, bytes, from, length);
                    case STDERR_FRAME -> pass(stderr, bytes, from, length);
                    case EXIT_FRAME -> {
                        return OptionalInt.of(in.getInt(from));
                    }
                    case ERROR_FRAME ->
                            throw FaultException.of(
                                    FaultCode.FAILED_PRECONDITION,
                                    "%s",
                                    new String(bytes, from, length, StandardCharsets.UTF_8));
                    case READY_FRAME -> {}
                    default -> throw new IOException("a frame has the unknown type " + type);
                }
                in.position(from + length);
            }
        } catch (EOFException e) {
            return OptionalInt.empty();
        }
    }

    private static void pass(OutputStream stream, byte[] bytes, int from, int length)
            throws IOException {
        stream.write(bytes, from, length);
        stream.flush();
    }

    /** Makes at least {@code wanted} bytes available. */
    private void fill(int wanted) throws IOException {
        if (in.remaining() >= wanted) {
            return;
        }
        in.compact();
        while (in.position() < wanted) {
            if (channel.read(in) < 0) {
                throw new EOFException();
            }
        }
        in.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
