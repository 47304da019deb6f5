package dev.gantry.cgroup.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** {@link CgroupKernel} by libc, through FFM. */
public final class LinuxCgroupKernel implements CgroupKernel {
    private static final int O_WRONLY = 1;
    private static final int O_CLOEXEC = 0x80000;
    private static final int NONBLOCK_CLOEXEC = 0x800 | O_CLOEXEC;
    private static final int F_OK = 0;
    private static final int W_OK = 2;
    private static final int CHUNK = 16 * 1024;

    /** Longest file that is read: a stat file of a huge machine has some 100 KiB. */
    private static final int MAX_FILE = 4 * 1024 * 1024;

    private static final MethodHandle MKDIR = path("mkdir", JAVA_INT);
    private static final MethodHandle RMDIR =
            Libc.function("rmdir", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle ACCESS = path("access", JAVA_INT);
    private static final MethodHandle OPEN =
            Libc.variadic("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), 2);
    private static final MethodHandle READ =
            Libc.function("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle WRITE =
            Libc.function("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle EVENTFD =
            Libc.function("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private final DeviceBpf bpf = new DeviceBpf();
    private final Readiness readiness = new Readiness();

    private static MethodHandle path(String name, java.lang.foreign.MemoryLayout second) {
        return Libc.function(name, FunctionDescriptor.of(JAVA_INT, ADDRESS, second));
    }

    @Override
    public SyscallResult mkdir(String path) {
        return Libc.call((errno, arena) -> (int) MKDIR.invokeExact(errno, c(arena, path), 0755));
    }

    @Override
    public SyscallResult rmdir(String path) {
        return Libc.call((errno, arena) -> (int) RMDIR.invokeExact(errno, c(arena, path)));
    }

    @Override
    public SyscallResult write(String path, String value) {
        var fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd.failed()) {
            return fd;
        }
        try {
            var bytes = value.getBytes(StandardCharsets.UTF_8);
            return Libc.call(
                    (errno, arena) ->
                            (long)
                                    WRITE.invokeExact(
                                            errno,
                                            (int) fd.value(),
                                            arena.allocateFrom(JAVA_BYTE, bytes),
                                            (long) bytes.length));
        } finally {
            close((int) fd.value());
        }
    }

    @Override
    public Content read(String path) {
        var fd = open(path);
        if (fd.failed()) {
            return new Content("", fd.errno());
        }
        try (var arena = Arena.ofConfined()) {
            var chunk = arena.allocate(CHUNK);
            var text = new StringBuilder();
            while (text.length() < MAX_FILE) {
                var got = read(arena, (int) fd.value(), chunk);
                if (got.failed()) {
                    return new Content("", got.errno());
                }
                if (got.value() == 0) {
                    return new Content(text.toString(), 0);
                }
                text.append(
                        new String(
                                chunk.asSlice(0, got.value()).toArray(JAVA_BYTE),
                                StandardCharsets.ISO_8859_1));
            }
            return new Content("", 27 /* EFBIG */);
        } finally {
            close((int) fd.value());
        }
    }

    private static SyscallResult read(Arena arena, int fd, MemorySegment into) {
        return Libc.call(
                arena, (errno, a) -> (long) READ.invokeExact(errno, fd, into, into.byteSize()));
    }

    @Override
    public Listing files(String path) {
        return list(path, entry -> !Files.isDirectory(entry));
    }

    @Override
    public Listing directories(String path) {
        return list(path, Files::isDirectory);
    }

    private static Listing list(String path, Predicate<Path> wanted) {
        var names = new ArrayList<String>();
        try (var entries = Files.newDirectoryStream(Path.of(path))) {
            for (var entry : entries) {
                if (wanted.test(entry)) {
                    names.add(entry.getFileName().toString());
                }
            }
            names.sort(null);
            return new Listing(List.copyOf(names), 0);
        } catch (NoSuchFileException absent) {
            return new Listing(List.of(), Errno.ENOENT);
        } catch (NotDirectoryException file) {
            return new Listing(List.of(), Errno.ENOTDIR);
        } catch (AccessDeniedException denied) {
            return new Listing(List.of(), Errno.EACCES);
        } catch (IOException | UncheckedIOException | DirectoryIteratorException failed) {
            return new Listing(List.of(), Errno.EIO);
        }
    }

    @Override
    public boolean exists(String path) {
        return access(path, F_OK);
    }

    @Override
    public boolean writable(String path) {
        return access(path, W_OK);
    }

    private static boolean access(String path, int mode) {
        return !Libc.call((errno, arena) -> (int) ACCESS.invokeExact(errno, c(arena, path), mode))
                .failed();
    }

    @Override
    public SyscallResult open(String path) {
        return open(path, O_CLOEXEC);
    }

    private static SyscallResult open(String path, int flags) {
        return Libc.call((errno, arena) -> (int) OPEN.invokeExact(errno, c(arena, path), flags));
    }

    @Override
    public SyscallResult close(int fd) {
        return Libc.close(fd);
    }

    @Override
    public SyscallResult loadDeviceProgram(byte[] instructions) {
        return bpf.load(instructions);
    }

    @Override
    public SyscallResult attachDeviceProgram(int cgroup, int program) {
        return bpf.attach(cgroup, program);
    }

    @Override
    public SyscallResult eventfd() {
        return Libc.call((errno, arena) -> (int) EVENTFD.invokeExact(errno, 0, NONBLOCK_CLOEXEC));
    }

    @Override
    public SyscallResult readEventfd(int fd) {
        return Libc.call(
                (errno, arena) -> (long) READ.invokeExact(errno, fd, arena.allocate(8), 8L));
    }

    @Override
    public SyscallResult inotify() {
        return readiness.inotify();
    }

    @Override
    public SyscallResult inotifyWatch(int fd, String path) {
        return readiness.inotifyWatch(fd, path);
    }

    @Override
    public List<Integer> inotifyRead(int fd) {
        try (var arena = Arena.ofConfined()) {
            var events = arena.allocate(CHUNK, 8);
            var got = read(arena, fd, events);
            return got.failed() ? List.of() : Readiness.watches(events.asSlice(0, got.value()));
        }
    }

    @Override
    public SyscallResult epoll() {
        return readiness.epoll();
    }

    @Override
    public SyscallResult epollAdd(int epoll, int fd) {
        return readiness.epollAdd(epoll, fd);
    }

    @Override
    public List<Integer> epollWait(int epoll, Duration timeout) {
        return readiness.epollWait(epoll, timeout);
    }

    static MemorySegment c(Arena arena, String text) {
        return arena.allocateFrom(text);
    }
}
