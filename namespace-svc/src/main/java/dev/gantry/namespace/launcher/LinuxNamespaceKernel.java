package dev.gantry.namespace.launcher;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The kernel itself, by FFM. */
public final class LinuxNamespaceKernel implements NamespaceKernel {
    private static final int AF_UNIX = 1;
    private static final int SOCK_SEQPACKET = 5;
    private static final int NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SUN_PATH = 108;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int SHUT_RDWR = 2;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLLIN = 1;
    private static final int CLOEXEC = 0x80000;
    private static final int O_PATH = 0x200000;
    private static final int LOCK_SH_NB = 1 | 4;

    /** O_DIRECTORY differs: fcntl.h of arm64 has its own. */
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    private static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;

    /** struct epoll_event is packed on x86_64 alone. */
    private static final long EVENT_SIZE = ARM ? 16 : 12;

    private static final long EVENT_DATA = ARM ? 8 : 4;

    private static final MethodHandle SOCKET = ints("socket", 3);
    private static final MethodHandle SHUTDOWN = ints("shutdown", 2);
    private static final MethodHandle EPOLL_CREATE1 = ints("epoll_create1", 1);
    private static final MethodHandle EVENTFD = ints("eventfd", 2);
    private static final MethodHandle FLOCK = ints("flock", 2);
    private static final MethodHandle CONNECT =
            Libc.function("connect", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKOPT =
            Libc.function(
                    "getsockopt",
                    FunctionDescriptor.of(
                            JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SEND =
            Libc.function(
                    "send",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle RECV =
            Libc.function(
                    "recv",
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle WRITE =
            Libc.function("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle EPOLL_CTL =
            Libc.function(
                    "epoll_ctl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle EPOLL_WAIT =
            Libc.function(
                    "epoll_wait",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle OPEN =
            Libc.variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), 2);

    private static MethodHandle ints(String name, int count) {
        var arguments = new ValueLayout[count];
        java.util.Arrays.fill(arguments, JAVA_INT);
        return Libc.function(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    @Override
    public SyscallResult connect(Path socket) {
        try (var arena = Arena.ofConfined()) {
            byte[] path = socket.toString().getBytes(StandardCharsets.UTF_8);
            if (path.length < SUN_PATH) {
                return connect(arena, path);
            }
            // longer than an address can be: by way of the directory's descriptor
            var directory = arena.allocateFrom(socket.getParent().toString());
            var opened = openDirectory(arena, directory, O_PATH);
            if (opened.failed()) {
                return opened;
            }
            int fd = (int) opened.value();
            try {
                String shorter = "/proc/self/fd/" + fd + "/" + socket.getFileName();
                return connect(arena, shorter.getBytes(StandardCharsets.UTF_8));
            } finally {
                close(fd);
            }
        }
    }

    private SyscallResult connect(Arena arena, byte[] path) {
        var made =
                Libc.call(
                        arena,
                        (state, a) ->
                                (int)
                                        SOCKET.invokeExact(
                                                state,
                                                AF_UNIX,
                                                SOCK_SEQPACKET | NONBLOCK_CLOEXEC,
                                                0));
        if (made.failed()) {
            return made;
        }
        int fd = (int) made.value();
        var address = arena.allocate(2 + SUN_PATH);
        address.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) AF_UNIX);
        MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, 2, path.length);
        int length = 2 + path.length + 1;
        var done =
                Libc.call(
                        arena, (state, a) -> (int) CONNECT.invokeExact(state, fd, address, length));
        if (done.failed()) {
            close(fd);
            return done;
        }
        return made;
    }

    private static SyscallResult openDirectory(Arena arena, MemorySegment path, int flags) {
        int all = flags | CLOEXEC | O_DIRECTORY;
        return Libc.call(arena, (state, a) -> (int) OPEN.invokeExact(state, path, all));
    }

    @Override
    public SyscallResult peerPid(int socket) {
        try (var arena = Arena.ofConfined()) {
            var credentials = arena.allocate(12, 4);
            var size = arena.allocateFrom(JAVA_INT, 12);
            var got =
                    Libc.call(
                            arena,
                            (state, a) ->
                                    (int)
                                            GETSOCKOPT.invokeExact(
                                                    state,
                                                    socket,
                                                    SOL_SOCKET,
                                                    SO_PEERCRED,
                                                    credentials,
                                                    size));
            return got.failed() ? got : new SyscallResult(credentials.get(JAVA_INT, 0), 0);
        }
    }

    @Override
    public SyscallResult send(int socket, ByteBuffer packet) {
        try (var arena = Arena.ofConfined()) {
            long length = packet.remaining();
            var bytes = arena.allocate(Math.max(1, length));
            bytes.asByteBuffer().put(packet.duplicate());
            return Libc.call(
                    arena,
                    (state, a) ->
                            (long) SEND.invokeExact(state, socket, bytes, length, MSG_NOSIGNAL));
        }
    }

    @Override
    public SyscallResult receive(int socket, ByteBuffer packet) {
        packet.clear();
        var bytes = MemorySegment.ofBuffer(packet);
        long room = packet.capacity();
        return Libc.call((state, arena) -> (long) RECV.invokeExact(state, socket, bytes, room, 0));
    }

    @Override
    public SyscallResult shutdown(int socket) {
        return Libc.call((state, arena) -> (int) SHUTDOWN.invokeExact(state, socket, SHUT_RDWR));
    }

    @Override
    public SyscallResult close(int descriptor) {
        return Libc.close(descriptor);
    }

    @Override
    public SyscallResult epollCreate() {
        return Libc.call((state, arena) -> (int) EPOLL_CREATE1.invokeExact(state, CLOEXEC));
    }

    @Override
    public SyscallResult epollAdd(int epoll, int descriptor) {
        try (var arena = Arena.ofConfined()) {
            var event = arena.allocate(EVENT_SIZE, 8);
            event.set(JAVA_INT, 0, EPOLLIN);
            event.set(ValueLayout.JAVA_LONG_UNALIGNED, EVENT_DATA, descriptor);
            return Libc.call(
                    arena,
                    (state, a) ->
                            (int)
                                    EPOLL_CTL.invokeExact(
                                            state, epoll, EPOLL_CTL_ADD, descriptor, event));
        }
    }

    @Override
    public SyscallResult epollWait(int epoll, int[] ready) {
        try (var arena = Arena.ofConfined()) {
            var events = arena.allocate(EVENT_SIZE * ready.length, 8);
            var got =
                    Libc.call(
                            arena,
                            (state, a) ->
                                    (int)
                                            EPOLL_WAIT.invokeExact(
                                                    state, epoll, events, ready.length, -1));
            for (int i = 0; i < got.value(); i++) {
                long at = i * EVENT_SIZE + EVENT_DATA;
                ready[i] = (int) events.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
            }
            return got;
        }
    }

    @Override
    public SyscallResult eventfd() {
        return Libc.call((state, arena) -> (int) EVENTFD.invokeExact(state, 0, NONBLOCK_CLOEXEC));
    }

    @Override
    public SyscallResult wake(int eventfd) {
        try (var arena = Arena.ofConfined()) {
            var one = arena.allocateFrom(JAVA_LONG, 1);
            return Libc.call(
                    arena, (state, a) -> (long) WRITE.invokeExact(state, eventfd, one, 8L));
        }
    }

    @Override
    public SyscallResult probeLock(Path directory) {
        try (var arena = Arena.ofConfined()) {
            var opened = openDirectory(arena, arena.allocateFrom(directory.toString()), 0);
            if (opened.failed()) {
                return opened;
            }
            int fd = (int) opened.value();
            var locked =
                    Libc.call(arena, (state, a) -> (int) FLOCK.invokeExact(state, fd, LOCK_SH_NB));
            close(fd);
            return locked;
        }
    }
}
