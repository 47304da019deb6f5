package dev.gantry.cgroup.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.gantry.bus.linux.Libc;
import dev.gantry.bus.linux.SyscallResult;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** epoll(7) and inotify(7). */
final class Readiness {
    private static final int CLOEXEC = 0x80000;
    private static final int IN_NONBLOCK = 0x800;
    private static final int IN_MODIFY = 2;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLLIN = 1;
    private static final int EVENTS = 64;

    /** struct epoll_event is packed on x86_64 only, epoll_ctl(2). */
    private static final int DATA = "amd64".equals(System.getProperty("os.arch")) ? 4 : 8;

    private static final int EVENT_SIZE = DATA + 8;

    private static final MethodHandle EPOLL_CREATE1 =
            Libc.function("epoll_create1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle EPOLL_CTL =
            Libc.function(
                    "epoll_ctl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle EPOLL_WAIT =
            Libc.function(
                    "epoll_wait",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
    private static final MethodHandle INOTIFY_INIT1 =
            Libc.function("inotify_init1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle INOTIFY_ADD_WATCH =
            Libc.function(
                    "inotify_add_watch",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));

    SyscallResult inotify() {
        return Libc.call(
                (errno, arena) -> (int) INOTIFY_INIT1.invokeExact(errno, CLOEXEC | IN_NONBLOCK));
    }

    SyscallResult inotifyWatch(int fd, String path) {
        return Libc.call(
                (errno, arena) ->
                        (int)
                                INOTIFY_ADD_WATCH.invokeExact(
                                        errno, fd, LinuxCgroupKernel.c(arena, path), IN_MODIFY));
    }

    /** struct inotify_event: wd, mask, cookie, len, and then len bytes of name. */
    static List<Integer> watches(MemorySegment events) {
        var fired = new LinkedHashSet<Integer>();
        for (long at = 0; at + 16 <= events.byteSize(); ) {
            fired.add(events.get(JAVA_INT_UNALIGNED, at));
            at += 16 + Integer.toUnsignedLong(events.get(JAVA_INT_UNALIGNED, at + 12));
        }
        return List.copyOf(fired);
    }

    SyscallResult epoll() {
        return Libc.call((errno, arena) -> (int) EPOLL_CREATE1.invokeExact(errno, CLOEXEC));
    }

    SyscallResult epollAdd(int epoll, int fd) {
        return Libc.call(
                (errno, arena) -> {
                    var event = arena.allocate(EVENT_SIZE, 8);
                    event.set(JAVA_INT_UNALIGNED, 0, EPOLLIN);
                    event.set(JAVA_INT_UNALIGNED, DATA, fd);
                    return (int) EPOLL_CTL.invokeExact(errno, epoll, EPOLL_CTL_ADD, fd, event);
                });
    }

    List<Integer> epollWait(int epoll, Duration timeout) {
        var ready = new ArrayList<Integer>();
        Libc.call(
                (errno, arena) -> {
                    var events = arena.allocate((long) EVENT_SIZE * EVENTS, 8);
                    int count =
                            (int)
                                    EPOLL_WAIT.invokeExact(
                                            errno, epoll, events, EVENTS, (int) timeout.toMillis());
                    for (int i = 0; i < count; i++) {
                        ready.add(events.get(JAVA_INT_UNALIGNED, (long) i * EVENT_SIZE + DATA));
                    }
                    return count;
                });
        return List.copyOf(ready);
    }
}
