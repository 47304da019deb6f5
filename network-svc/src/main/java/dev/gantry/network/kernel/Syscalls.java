package dev.gantry.network.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Errno;
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
    private static final MethodHandle CLOSE = handle("close", JAVA_INT);
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
        return call(SOCKET, domain, type, protocol);
    }

    static SyscallResult send(int socket, MemorySegment bytes) {
        return call(SEND, socket, bytes, bytes.byteSize(), 0);
    }

    static SyscallResult recv(int socket, MemorySegment room) {
        return call(RECV, socket, room, room.byteSize(), 0);
    }

    static SyscallResult setsockopt(int socket, int level, int option, MemorySegment value) {
        return call(SETSOCKOPT, socket, level, option, value, (int) value.byteSize());
    }

    static SyscallResult close(int descriptor) {
        return call(CLOSE, descriptor);
    }

    static SyscallResult unshare(int flags) {
        return call(UNSHARE, flags);
    }

    static SyscallResult setns(int descriptor, int type) {
        return call(SETNS, descriptor, type);
    }

    static SyscallResult bind(String source, String target) {
        try (var arena = Arena.ofConfined()) {
            return call(
                    MOUNT,
                    arena.allocateFrom(source),
                    arena.allocateFrom(target),
                    MemorySegment.NULL,
                    MS_BIND,
                    MemorySegment.NULL);
        }
    }

    static SyscallResult umount2(String target, int flags) {
        try (var arena = Arena.ofConfined()) {
            return call(UMOUNT2, arena.allocateFrom(target), flags);
        }
    }

    static SyscallResult open(String path, int flags) {
        try (var arena = Arena.ofConfined()) {
            return call(OPEN, arena.allocateFrom(path), flags);
        }
    }

    /** The f_type of statfs(2): the magic number of the file system. */
    static SyscallResult fileSystemType(String path) {
        try (var arena = Arena.ofConfined()) {
            var statfs = arena.allocate(120, 8);
            var result = call(STATFS, arena.allocateFrom(path), statfs);
            return result.failed() ? result : new SyscallResult(statfs.get(JAVA_LONG, 0), 0);
        }
    }

    private static MethodHandle handle(String name, MemoryLayout... parameters) {
        return Libc.function(name, FunctionDescriptor.of(JAVA_INT, parameters));
    }

    /** Calls, and calls again while a signal interrupts. */
    private static SyscallResult call(MethodHandle function, Object... arguments) {
        try (var arena = Arena.ofConfined()) {
            var state = Libc.captureState(arena);
            var all = new Object[arguments.length + 1];
            all[0] = state;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            SyscallResult result;
            do {
                var value = (Number) function.invokeWithArguments(all);
                result = Libc.result(value.longValue(), state);
            } while (result.errno() == Errno.EINTR);
            return result;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
