package dev.gantry.bus.service;

import io.vertx.core.Vertx;

import jnr.unixsocket.UnixDatagramChannel;
import jnr.unixsocket.UnixSocketAddress;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * What a service tells its supervisor, by datagrams to the socket that NOTIFY_SOCKET names
 * (sd_notify(3)); nothing where it names none. The JDK has no unix datagrams, hence jnr-unixsocket.
 */
public final class Notifications {
    private final Optional<UnixSocketAddress> socket;
    private final Optional<Duration> watchdog;

    private Notifications(Optional<UnixSocketAddress> socket, Optional<Duration> watchdog) {
        this.socket = socket;
        this.watchdog = watchdog;
    }

    /** Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
    public static Notifications fromEnvironment() {
        return from(System.getenv());
    }

    static Notifications from(Map<String, String> environment) {
        var socket = Optional.ofNullable(environment.get("NOTIFY_SOCKET"));
        var own = Long.toString(ProcessHandle.current().pid());
        var watchdog =
                Optional.ofNullable(environment.get("WATCHDOG_USEC"))
                        .filter(text -> environment.getOrDefault("WATCHDOG_PID", own).equals(own))
                        .filter(text -> text.matches("[1-9][0-9]{0,17}"))
                        .map(text -> Duration.ofNanos(Long.parseLong(text) * 1000));
        // An @ stands for the NUL byte of an abstract address, unix(7).
        return new Notifications(
                socket.map(
                        path ->
                                new UnixSocketAddress(
                                        path.startsWith("@") ? "\0" + path.substring(1) : path)),
                watchdog);
    }

    /** The service serves. */
    public void ready(String status) {
        send("READY=1\nSTATUS=" + status + "\n");
    }

    /** The service drains. */
    public void stopping() {
        send("STOPPING=1\n");
    }

    /** From the event loop, so that a loop that hangs is noticed: twice within the interval. */
    public void keepWatchdogFed(Vertx vertx) {
        if (socket.isPresent() && watchdog.isPresent()) {
            var pause = Math.max(1, watchdog.get().toMillis() / 2);
            vertx.setPeriodic(pause, timer -> send("WATCHDOG=1\n"));
        }
    }

    /** The same for a process without an event loop: says that the JVM still runs. */
    public void keepWatchdogFed() {
        if (socket.isEmpty() || watchdog.isEmpty()) {
            return;
        }
        var pause = watchdog.get().dividedBy(2);
        Thread.ofPlatform()
                .daemon()
                .name("watchdog")
                .start(
                        () -> {
                            while (true) {
                                send("WATCHDOG=1\n");
                                LockSupport.parkNanos(pause.toNanos());
                            }
                        });
    }

    private void send(String text) {
        if (socket.isEmpty()) {
            return;
        }
        try (var channel = UnixDatagramChannel.open()) {
            channel.send(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), socket.get());
        } catch (IOException e) {
            ProcessSetup.log("notify", "NOTIFY_SOCKET " + socket.get() + ": " + e.getMessage());
        }
    }
}
