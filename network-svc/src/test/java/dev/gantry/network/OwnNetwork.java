package dev.gantry.network;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Libc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/**
 * Moves the test thread, and with it every thread and process that it begins, into a network and a
 * mount namespace of its own: what the tests call the host is not this machine's network.
 */
final class OwnNetwork {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int CLONE_NEWNS = 0x00020000;
    private static final long MS_REC_PRIVATE = 0x4000 | 0x40000;
    private static final MethodHandle UNSHARE =
            Libc.function("unshare", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle SETNS =
            Libc.function("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle MOUNT =
            Libc.function(
                    "mount",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    private static final MethodHandle OPEN =
            Libc.variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), 2);
    private static boolean entered;

    private OwnNetwork() {}

    /** Enters it, once a JVM. */
    static synchronized void enter() {
        if (entered) {
            return;
        }
        try {
            Libc.call(
                            (errno, arena) ->
                                    (int) UNSHARE.invokeExact(errno, CLONE_NEWNET | CLONE_NEWNS))
                    .orThrow("unshare");
            Libc.call(
                            (errno, arena) ->
                                    (int)
                                            MOUNT.invokeExact(
                                                    errno,
                                                    arena.allocateFrom("none"),
                                                    arena.allocateFrom("/"),
                                                    MemorySegment.NULL,
                                                    MS_REC_PRIVATE,
                                                    MemorySegment.NULL))
                    .orThrow("mount --make-rprivate /");
            entered = true;
            Shell.run("ip link set lo up");
            var mine = Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net"));
            var theirs = new CompletableFuture<Path>();
            Thread.ofVirtual()
                    .start(
                            () -> {
                                try {
                                    theirs.complete(
                                            Files.readSymbolicLink(
                                                    Path.of("/proc/thread-self/ns/net")));
                                } catch (Exception e) {
                                    theirs.completeExceptionally(e);
                                }
                            });
            if (!theirs.join().equals(mine)) {
                throw new IllegalStateException("a thread was begun before its network was made");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs code inside a pinned network namespace, on a thread that ends with it. */
    static <T> CompletableFuture<T> inside(String pin, Callable<T> code) {
        var result = new CompletableFuture<T>();
        Thread.ofPlatform()
                .daemon()
                .start(
                        () -> {
                            try {
                                int fd =
                                        (int)
                                                Libc.call(
                                                                (errno, arena) ->
                                                                        (int)
                                                                                OPEN.invokeExact(
                                                                                        errno,
                                                                                        arena
                                                                                                .allocateFrom(
                                                                                                        pin),
                                                                                        0x80000))
                                                        .orThrow("open %s", pin);
                                Libc.call(
                                                (errno, arena) ->
                                                        (int)
                                                                SETNS.invokeExact(
                                                                        errno, fd, CLONE_NEWNET))
                                        .orThrow("setns %s", pin);
                                result.complete(code.call());
                            } catch (Throwable e) {
                                result.completeExceptionally(e);
                            }
                        });
        return result;
    }
}
