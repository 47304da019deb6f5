package dev.gantry.cgroup.kernel;

import dev.gantry.bus.linux.SyscallResult;

import java.time.Duration;
import java.util.List;

/**
 * Every kernel call that cgroup-svc may make; who reviews its rights reads this file. All paths lie
 * below its own subtree of a cgroup mount, but for reads of {@code /proc/self}, {@code /sys/block}
 * and {@code /sys/dev/block}. Answers carry the errno of the call; nothing throws.
 */
public interface CgroupKernel {
    /** mkdir(2), mode 0755: makes a cgroup. */
    SyscallResult mkdir(String path);

    /** rmdir(2): removes an empty cgroup. */
    SyscallResult rmdir(String path);

    /** open(2) O_WRONLY and one write(2): the kernel takes a value as a whole or refuses it. */
    SyscallResult write(String path, String value);

    /** open(2) and read(2) to the end. */
    Content read(String path);

    /** The names of the files of a directory, readdir(3). */
    Listing files(String path);

    /** The names of the directories in a directory, readdir(3): sub-cgroups. */
    Listing directories(String path);

    /** Whether a path exists, access(2). */
    boolean exists(String path);

    /** Whether this process may write to a path, access(2). */
    boolean writable(String path);

    /** open(2) O_RDONLY | O_CLOEXEC: a descriptor to be passed on to another call of this file. */
    SyscallResult open(String path);

    /** close(2). */
    SyscallResult close(int fd);

    /** bpf(2) BPF_PROG_LOAD of a BPF_PROG_TYPE_CGROUP_DEVICE program (CAP_BPF, CAP_NET_ADMIN). */
    SyscallResult loadDeviceProgram(byte[] instructions);

    /** bpf(2) BPF_PROG_ATTACH, BPF_CGROUP_DEVICE, exclusive: replaces the program that is there. */
    SyscallResult attachDeviceProgram(int cgroup, int program);

    /** eventfd(2) for {@code cgroup.event_control}. */
    SyscallResult eventfd();

    /** read(2) of an eventfd: resets it. */
    SyscallResult readEventfd(int fd);

    /** inotify_init1(2), non-blocking. */
    SyscallResult inotify();

    /** inotify_add_watch(2), IN_MODIFY. */
    SyscallResult inotifyWatch(int fd, String path);

    /** read(2) of an inotify descriptor: the watch descriptors that fired, once each. */
    List<Integer> inotifyRead(int fd);

    /** epoll_create1(2). */
    SyscallResult epoll();

    /** epoll_ctl(2) EPOLL_CTL_ADD, EPOLLIN. */
    SyscallResult epollAdd(int epoll, int fd);

    /** epoll_wait(2): the descriptors that are readable; none when the time is up. */
    List<Integer> epollWait(int epoll, Duration timeout);

    /**
     * What a file held.
     *
     * @param errno 0 if it could be read
     */
    record Content(String text, int errno) {}

    /**
     * What a directory held.
     *
     * @param errno 0 if it could be read
     */
    record Listing(List<String> names, int errno) {}
}
