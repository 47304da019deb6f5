package dev.gantry.namespace.launcher;

import dev.gantry.bus.linux.Errno;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The one thread that reads for all control connections: a JVM thread a container would cost more
 * memory than its shim.
 */
public final class ControlLoop implements AutoCloseable {
    private static final int PACKET = 64 << 10;
    private static final int AT_ONCE = 64;

    private final NamespaceKernel kernel;
    private final int epoll;
    private final int wake;
    private final Map<Integer, ControlChannel> channels = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean closed;

    /** Starts to read. */
    public ControlLoop(NamespaceKernel kernel) {
        this.kernel = kernel;
        this.epoll = (int) kernel.epollCreate().orThrow("epoll_create1");
        this.wake = (int) kernel.eventfd().orThrow("eventfd");
        kernel.epollAdd(epoll, wake).orThrow("epoll_ctl eventfd");
        this.thread = Thread.ofPlatform().daemon().name("namespace-control").start(this::run);
    }

    /** Takes over a connected descriptor. */
    public ControlChannel open(int fd, ControlListener listener) {
        var channel = new ControlChannel(kernel, fd, listener);
        channels.put(fd, channel);
        kernel.epollAdd(epoll, fd).orThrow("epoll_ctl");
        return channel;
    }

    private void run() {
        var packet = ByteBuffer.allocateDirect(PACKET).order(ByteOrder.LITTLE_ENDIAN);
        var ready = new int[AT_ONCE];
        while (!closed) {
            long count = kernel.epollWait(epoll, ready).orThrow("epoll_wait");
            for (int i = 0; i < count; i++) {
                var channel = channels.get(ready[i]);
                if (channel != null) {
                    drain(channel, packet);
                }
            }
        }
        channels.values().forEach(ControlChannel::abandon);
        channels.clear();
        kernel.close(wake);
        kernel.close(epoll);
    }

    private void drain(ControlChannel channel, ByteBuffer packet) {
        while (true) {
            var got = kernel.receive(channel.descriptor(), packet);
            if (got.errno() == Errno.EAGAIN) {
                return;
            }
            if (got.failed() || got.value() == 0) {
                channels.remove(channel.descriptor(), channel);
                channel.ended();
                return;
            }
            channel.received(packet.position(0).limit((int) got.value()));
        }
    }

    /** Stops reading and closes all connections; the shims stay. */
    @Override
    public void close() {
        closed = true;
        kernel.wake(wake);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
