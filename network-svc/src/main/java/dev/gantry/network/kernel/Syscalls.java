package dev.gantry.network.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The C functions that {@link LinuxNetworkKernel} calls, each with its errno. */
final class Syscalls {
    static final int AF_NETLINK = 16;
    static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    static final int NETLINK_ROUTE = 0;
    static final int NETLINK_NETFILTER = 12;
    static final int CLONE_NEWNET = 0x40000000;
    static final long MS_BIND = 4096;
    static final int MNT_DETACH = 2;
    static final int O_RDONLY_CLOEXEC = 0x80000;

    private static final MethodHandle SOCKET = handle("socket", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle SEND =
            Libc.function(
                    "send",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle RECV =
            Libc.function(
                    "recv",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle UNSHARE = handle("unshare", JAVA_INT);
    private static final MethodHandle SETNS = handle("setns", JAVA_INT, JAVA_INT);
    private static final MethodHandle MOUNT =
            handle("mount", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle UMOUNT2 = handle("umount2", ADDRESS, JAVA_INT);
    private static final MethodHandle STATFS = handle("statfs", ADDRESS, ADDRESS);
    private static final MethodHandle OPEN =
            Libc.variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), 2);

    private Syscalls() {}

    static SyscallResult socket(int domain, int type, int protocol) {
        return Libc.call((errno, arena) -> (int) SOCKET.invokeExact(errno, domain, type, protocol));
    }

    static SyscallResult send(int socket, MemorySegment bytes) {
        return Libc.call(
                (errno, arena) ->
                        (long) SEND.invokeExact(errno, socket, bytes, bytes.byteSize(), 0));
    }

    static SyscallResult recv(int socket, MemorySegment room) {
        return Libc.call(
                (errno, arena) -> (long) RECV.invokeExact(errno, socket, room, room.byteSize(), 0));
    }

    static SyscallResult setsockopt(int socket, int level, int option, MemorySegment value) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                SETSOCKOPT.invokeExact(
                                        errno,
                                        socket,
                                        level,
                                        option,
                                        value,
                                        (int) value.byteSize()));
    }

    static SyscallResult unshare(int flags) {
        return Libc.call((errno, arena) -> (int) UNSHARE.invokeExact(errno, flags));
    }

    static SyscallResult setns(int descriptor, int type) {
        return Libc.call((errno, arena) -> (int) SETNS.invokeExact(errno, descriptor, type));
    }

    static SyscallResult bind(String source, String target) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                MOUNT.invokeExact(
                                        errno,
                                        arena.allocateFrom(source),
                                        arena.allocateFrom(target),
                                        MemorySegment.NULL,
                                        MS_BIND,
                                        MemorySegment.NULL));
    }

    static SyscallResult umount2(String target, int flags) {
        return Libc.call(
                (errno, arena) ->
                        (int) UMOUNT2.invokeExact(errno, arena.allocateFrom(target), flags));
    }

    static SyscallResult open(String path, int flags) {
        return Libc.call(
                (errno, arena) -> (int) OPEN.invokeExact(errno, arena.allocateFrom(path), flags));
    }

    /** The f_type of statfs(2): the magic number of the file system. */
    static SyscallResult fileSystemType(String path) {
        try (var arena = Arena.ofConfined()) {
            var statfs = arena.allocate(120, 8);
            var result =
                    Libc.call(
                            arena,
                            (errno, a) ->
                                    (int) STATFS.invokeExact(errno, a.allocateFrom(path), statfs));
            return result.failed() ? result : new SyscallResult(statfs.get(JAVA_LONG, 0), 0);
        }
    }

    private static MethodHandle handle(String name, MemoryLayout... parameters) {
        return Libc.function(name, FunctionDescriptor.of(JAVA_INT, parameters));
    }
}
