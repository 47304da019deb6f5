package dev.gantry.orchestrator.resident;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The kernel itself, by FFM. Layouts and numbers are those of x86_64 and aarch64, both the same.
 */
final class LinuxResidentKernel implements ResidentKernel {
    private static final int AF_UNIX = 1;
    private static final int SOCK_SEQPACKET = 5;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int MSG_CTRUNC = 8;
    private static final int MSG_TRUNC = 0x20;
    private static final int SHUT_RDWR = 2;
    private static final int BACKLOG = 64;
    private static final int LONGEST_PATH = 107;
    private static final int SOCKADDR = 110;
    private static final int MSGHDR = 56;
    private static final int CMSG_HEADER = 16;
    private static final int CONTROL = CMSG_HEADER + 16;

    private static final MethodHandle SOCKET =
            Libc.function("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
            Libc.function("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle LISTEN =
            Libc.function("listen", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle ACCEPT =
            Libc.function(
                    "accept4",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKOPT =
            Libc.function(
                    "getsockopt",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle RECVMSG =
            Libc.function("recvmsg", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle SEND =
            Libc.function(
                    "send",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle WRITE =
            Libc.function("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle SHUTDOWN =
            Libc.function("shutdown", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    @Override
    public int listen(Path path) {
        var name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > LONGEST_PATH) {
            throw FaultException.invalid(
                    "socket path %s has more than %d bytes", path, LONGEST_PATH);
        }
        int fd =
                (int)
                        Libc.call(
                                        (state, arena) ->
                                                (int)
                                                        SOCKET.invokeExact(
                                                                state,
                                                                AF_UNIX,
                                                                SOCK_SEQPACKET | SOCK_CLOEXEC,
                                                                0))
                                .orThrow("socket");
        try {
            Files.deleteIfExists(path);
            Libc.call(
                            (state, arena) -> {
                                var address = arena.allocate(SOCKADDR);
                                address.set(JAVA_SHORT, 0, (short) AF_UNIX);
                                MemorySegment.copy(name, 0, address, JAVA_BYTE, 2, name.length);
                                return (int) BIND.invokeExact(state, fd, address, SOCKADDR);
                            })
                    .orThrow("bind %s", path);
            // Its directory is root's alone, so nobody was there in between.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw FaultException.invalid("socket %s: %s", path, e);
        }
        Libc.call((state, arena) -> (int) LISTEN.invokeExact(state, fd, BACKLOG))
                .orThrow("listen on %s", path);
        return fd;
    }

    @Override
    public SyscallResult accept(int listening) {
        return Libc.call(
                (state, arena) ->
                        (int)
                                ACCEPT.invokeExact(
                                        state,
                                        listening,
                                        MemorySegment.NULL,
                                        MemorySegment.NULL,
                                        SOCK_CLOEXEC));
    }

    @Override
    public Peer peer(int connection) {
        try (var arena = Arena.ofConfined()) {
            var ucred = arena.allocate(12);
            var length = arena.allocateFrom(JAVA_INT, 12);
            Libc.call(
                            arena,
                            (state, a) ->
                                    (int)
                                            GETSOCKOPT.invokeExact(
                                                    state,
                                                    connection,
                                                    SOL_SOCKET,
                                                    SO_PEERCRED,
                                                    ucred,
                                                    length))
                    .orThrow("getsockopt SO_PEERCRED");
            return new Peer(ucred.get(JAVA_INT, 0), ucred.get(JAVA_INT, 4));
        }
    }

    @Override
    public Message receive(int connection, int longest) {
        try (var arena = Arena.ofConfined()) {
            var data = arena.allocate(longest);
            var control = arena.allocate(CONTROL, 8);
            var iovec = arena.allocate(16, 8);
            iovec.set(ADDRESS, 0, data);
            iovec.set(JAVA_LONG, 8, longest);
            var header = arena.allocate(MSGHDR, 8);
            header.set(ADDRESS, 16, iovec);
            header.set(JAVA_LONG, 24, 1);
            header.set(ADDRESS, 32, control);
            header.set(JAVA_LONG, 40, CONTROL);
            var got =
                    Libc.call(
                            arena,
                            (state, a) ->
                                    (long)
                                            RECVMSG.invokeExact(
                                                    state, connection, header, MSG_CMSG_CLOEXEC));
            if (got.errno() == Errno.ECONNRESET) {
                return new Message(new byte[0], new int[0]);
            }
            int length = (int) got.orThrow("recvmsg");
            var descriptors = descriptors(control, header.get(JAVA_LONG, 40));
            if ((header.get(JAVA_INT, 48) & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
                for (int descriptor : descriptors) {
                    close(descriptor);
                }
                throw FaultException.invalid(
                        "a message of a caller is longer than %d bytes", longest);
            }
            return new Message(data.asSlice(0, length).toArray(JAVA_BYTE), descriptors);
        }
    }

    private static int[] descriptors(MemorySegment control, long used) {
        if (used < CMSG_HEADER
                || control.get(JAVA_INT, 8) != SOL_SOCKET
                || control.get(JAVA_INT, 12) != SCM_RIGHTS) {
            return new int[0];
        }
        long bytes = control.get(JAVA_LONG, 0) - CMSG_HEADER;
        return control.asSlice(CMSG_HEADER, bytes).toArray(JAVA_INT);
    }

    @Override
    public SyscallResult send(int connection, byte[] message) {
        return Libc.call(
                (state, arena) -> {
                    var data = arena.allocateFrom(JAVA_BYTE, message);
                    return (long)
                            SEND.invokeExact(
                                    state, connection, data, (long) message.length, MSG_NOSIGNAL);
                });
    }

    @Override
    public SyscallResult write(int descriptor, byte[] bytes, int offset, int length) {
        return Libc.call(
                (state, arena) -> {
                    var data = arena.allocate(length);
                    MemorySegment.copy(bytes, offset, data, JAVA_BYTE, 0, length);
                    return (long) WRITE.invokeExact(state, descriptor, data, (long) length);
                });
    }

    @Override
    public void shutdown(int connection) {
        Libc.call((state, arena) -> (int) SHUTDOWN.invokeExact(state, connection, SHUT_RDWR));
    }

    @Override
    public void close(int descriptor) {
        Libc.close(descriptor).orThrow("close %d", descriptor);
    }
}
