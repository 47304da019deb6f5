package dev.gantry.cgroup.kernel;

import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** Records what would be changed; holds directories and files as a test gives them. */
public final class RecordingKernel implements CgroupKernel {
    /** The changing calls, in order: {@code mkdir PATH}, {@code write PATH VALUE}, … */
    public final List<String> calls = new ArrayList<>();

    private final Map<String, String> files = new TreeMap<>();
    private final TreeSet<String> directories = new TreeSet<>();
    private final Map<String, Integer> failures = new HashMap<>();

    /** A file with its content; the directories above it come with it. */
    public RecordingKernel file(String path, String content) {
        files.put(path, content);
        directory(path.substring(0, path.lastIndexOf('/')));
        return this;
    }

    private void directory(String path) {
        for (var above = path;
                !above.isEmpty();
                above = above.substring(0, above.lastIndexOf('/'))) {
            directories.add(above);
        }
    }

    /** From now on this call fails. */
    public RecordingKernel fail(String call, int errno) {
        failures.put(call, errno);
        return this;
    }

    private SyscallResult answer(String call, int errno) {
        calls.add(call);
        int error = failures.getOrDefault(call, errno);
        return new SyscallResult(error == 0 ? 0 : -1, error);
    }

    @Override
    public SyscallResult mkdir(String path) {
        var answer = answer("mkdir " + path, directories.contains(path) ? Errno.EEXIST : 0);
        if (!answer.failed()) {
            directories.add(path);
        }
        return answer;
    }

    @Override
    public SyscallResult rmdir(String path) {
        var answer = answer("rmdir " + path, directories.contains(path) ? 0 : Errno.ENOENT);
        if (!answer.failed()) {
            directories.remove(path);
            files.keySet().removeIf(file -> file.startsWith(path + "/"));
        }
        return answer;
    }

    @Override
    public SyscallResult write(String path, String value) {
        var answer = answer("write " + path + " " + value, 0);
        if (!answer.failed()) {
            files.put(path, value);
        }
        return answer;
    }

    @Override
    public Content read(String path) {
        var text = files.get(path);
        return text == null ? new Content("", Errno.ENOENT) : new Content(text, 0);
    }

    @Override
    public Listing files(String path) {
        return new Listing(below(path, files.keySet()), 0);
    }

    @Override
    public Listing directories(String path) {
        return new Listing(below(path, directories), 0);
    }

    private static List<String> below(String path, Iterable<String> paths) {
        var names = new ArrayList<String>();
        for (var one : paths) {
            if (one.startsWith(path + "/") && one.indexOf('/', path.length() + 1) < 0) {
                names.add(one.substring(path.length() + 1));
            }
        }
        return names;
    }

    @Override
    public boolean exists(String path) {
        return files.containsKey(path) || directories.contains(path);
    }

    @Override
    public boolean writable(String path) {
        return exists(path);
    }

    @Override
    public SyscallResult open(String path) {
        return new SyscallResult(7, 0);
    }

    @Override
    public SyscallResult close(int fd) {
        return new SyscallResult(0, 0);
    }

    @Override
    public SyscallResult loadDeviceProgram(byte[] instructions) {
        return answer("load " + instructions.length / 8, 0);
    }

    @Override
    public SyscallResult attachDeviceProgram(int cgroup, int program) {
        return answer("attach", 0);
    }

    @Override
    public SyscallResult eventfd() {
        return new SyscallResult(8, 0);
    }

    @Override
    public SyscallResult readEventfd(int fd) {
        return new SyscallResult(0, Errno.EAGAIN);
    }

    @Override
    public SyscallResult inotify() {
        return new SyscallResult(9, 0);
    }

    @Override
    public SyscallResult inotifyWatch(int fd, String path) {
        return new SyscallResult(1, 0);
    }

    @Override
    public List<Integer> inotifyRead(int fd) {
        return List.of();
    }

    @Override
    public SyscallResult epoll() {
        return new SyscallResult(10, 0);
    }

    @Override
    public SyscallResult epollAdd(int epoll, int fd) {
        return new SyscallResult(0, 0);
    }

    @Override
    public List<Integer> epollWait(int epoll, Duration timeout) {
        java.util.concurrent.locks.LockSupport.parkNanos(timeout.toNanos());
        return List.of();
    }
}
