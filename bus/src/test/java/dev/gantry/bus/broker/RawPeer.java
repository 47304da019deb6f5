package dev.gantry.bus.broker;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.wire.FrameReader;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A peer that sends whatever bytes a test likes. */
final class RawPeer implements AutoCloseable {
    private final SocketChannel channel;
    private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    private final CountDownLatch closed = new CountDownLatch(1);

    private RawPeer(SocketChannel channel) {
        this.channel = channel;
    }

    /** A peer that reads. */
    static RawPeer connect(Path socket) {
        var peer = deaf(socket);
        Thread.ofPlatform().daemon().start(peer::read);
        return peer;
    }

    /** A peer that never reads. */
    static RawPeer deaf(Path socket) {
        try {
            var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new RawPeer(channel);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    RawPeer send(String json) {
        var body = json.getBytes(StandardCharsets.UTF_8);
        return bytes(ByteBuffer.allocate(4).putInt(body.length).array()).bytes(body);
    }

    /** Sends bytes; that the broker has closed the connection already is no failure. */
    RawPeer bytes(byte... data) {
        try {
            var buffer = ByteBuffer.wrap(data);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            closed.countDown();
        }
        return this;
    }

    RawPeer shutdownOutput() {
        try {
            channel.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return this;
    }

    /** The next frame. */
    JsonNode next() {
        return poll().orElseThrow(() -> new AssertionError("nothing came"));
    }

    /** The next frame as it came. */
    String nextText() {
        try {
            return new String(received.poll(20, TimeUnit.SECONDS), StandardCharsets.UTF_8);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    Optional<JsonNode> poll() {
        try {
            return Optional.ofNullable(received.poll(20, TimeUnit.SECONDS)).map(RawPeer::parse);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    boolean nothingCame() {
        return received.isEmpty();
    }

    /** Whether the broker closes the connection. */
    boolean isClosed() {
        try {
            return closed.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    boolean isOpen() {
        return closed.getCount() > 0;
    }

    /**
     * Goes as a process does that is killed: the kernel has let go of the socket when this returns.
     * Of a peer that reads only, for close alone leaves the socket to the thread that still reads.
     */
    void die() {
        close();
        if (!isClosed()) {
            throw new AssertionError("the reader did not end");
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void read() {
        var reader = new FrameReader(64 * 1024 * 1024);
        var data = ByteBuffer.allocate(64 * 1024);
        try {
            while (channel.read(data) >= 0) {
                reader.read(data.flip(), frame -> received.add(frame));
                data.clear();
            }
        } catch (IOException e) {
            // A reset is an end too.
        }
        closed.countDown();
    }

    private static JsonNode parse(byte[] json) {
        try {
            return Json.mapper().readTree(json);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
