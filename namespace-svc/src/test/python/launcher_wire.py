"""The protocol of src/main/c/protocol.md, from the side that the Java service plays. Standard library only."""
import array
import os
import socket
import struct
import subprocess
import tempfile
import threading

NS, UTS, IPC, NET, PID, USER, CGROUP, TIME = 0x20000, 0x4000000, 0x8000000, 0x40000000, 0x20000000, 0x10000000, 0x2000000, 0x80
PRIVATE, SLAVE = 1 << 18, 1 << 19
RDONLY, NOSUID, NODEV, NOEXEC = 1, 2, 4, 8
CREATE, START, SIGNAL, RESIZE, STATE, EXEC, CLOSE_STDIN, WATCH, REMOVE, DELETE = range(1, 11)
CREATED, FAILED, TIMINGS, OK, STATUS, EXITED, STARTED = range(0x81, 0x88)
MAGIC = 0x31544E47
DOCKER_CAPS = 0xA80425FB


def u16(v): return struct.pack("<H", v)
def u32(v): return struct.pack("<I", v & 0xFFFFFFFF)
def u64(v): return struct.pack("<Q", v)
def text(s): b = s if isinstance(s, bytes) else s.encode(); return u32(len(b)) + b
def many(items): items = list(items); return u32(len(items)) + b"".join(items)
def pairs(d): return many(text(k) + text(v) for k, v in d)
def op(code, payload=b"", flags=0): return u16(code) + u16(flags) + u32(len(payload)) + payload


def ID(s): return op(1, text(s))
def LOG(path, most=0, files=1, gid=0): return op(2, text(path) + u64(most) + u32(files) + u32(gid))
def STDIO(flags=0): return op(3, flags=flags)
def STATE_OF(head="{", tail="}", bundle="/b"): return op(4, text(head) + text(tail) + text(bundle))
def LISTENER(path, head="{\"pid\":"): return op(5, text(path) + text(head))
def NAMESPACES(f): return op(10, u32(f))
def SETNS_INIT(kinds): return op(11, u32(kinds), 2)
def SETNS_PATH(kind, path): return op(11, u32(kind) + text(path))
def CGROUPS(dirs): return op(12, many(u32(v) + text(d) for v, d in dirs))
def CGROUP_WRITE(path, value): return op(13, text(path) + text(value))
def USERMAP(uids, gids): return op(14, b"".join(many(u32(a) + u32(b) + u32(c) for a, b, c in m) for m in (uids, gids)))
def PROPAGATION(p=PRIVATE, flags=1): return op(20, u32(p), flags)
def OVERLAY(lower, upper="", work="", options=(), attr=0): return op(21, many(map(text, lower)) + text(upper) + text(work) + pairs(options) + u64(attr), 1)
def ROOT_BIND(path, flags=0): return op(21, many([text(path)]) + text("") + text("") + pairs([]) + u64(0), flags)
def MOUNT(kind, dest, source="", sub="", set=0, clear=0, prop=0, options=(), flags=0, deep=0, undeep=0, maps=()):
    uids_and_gids = many(u32(a) + u32(b) + u32(c) for a, b, c in maps) * 2
    return op(22, text(kind) + text(source) + text(sub) + text(dest) + u64(set) + u64(clear) + u64(deep) + u64(undeep) + u32(prop) + pairs(options) + uids_and_gids, flags)
def MKDIR(p, mode=0o755, uid=0, gid=0, flags=0): return op(23, text(p) + u32(mode) + u32(uid) + u32(gid), flags)
def MKNOD(p, mode, major, minor, flags=0): return op(24, text(p) + u32(mode) + u32(major) + u32(minor) + u32(0) + u32(0), flags)
def SYMLINK(target, path): return op(25, text(target) + text(path))
def MASK(p): return op(26, text(p))
def READONLY(p): return op(27, text(p))
def PIVOT(): return op(28)
def READONLY_ROOT(): return op(29)
def HOSTNAME(n): return op(30, text(n))
def SYSCTL(k, v): return op(32, text(k) + text(v))
def RLIMIT(r, soft, hard): return op(33, u32(r) + u64(soft) + u64(hard))
def OOM_SCORE(v): return op(34, u32(v))
def LOOPBACK(): return op(35)
def KEYRING(name=""): return op(36, text(name))
def TTY(rows, cols, flags=0): return op(37, u16(rows) + u16(cols), flags)
def LABEL(attribute, value): return op(38, text(attribute) + text(value))
def HOOK(kind, path="/bin/true", seconds=5, args=("true",), env=("A=b",)):
    return op(39, u32(kind) + text(path) + u32(seconds) + many(map(text, args)) + many(map(text, env)))
def SCHEDULER(policy=3, nice=1): return op(51, u32(policy) + u32(nice) + u32(0) + u64(0) * 4)
def IO_PRIORITY(kind=2, priority=4): return op(52, u32(kind) + u32(priority))
def CPU_AFFINITY(when, *cpus): return op(53, u32(when) + many(map(u32, cpus)))
def PERSONALITY(p=8): return op(54, u32(p))
def TIME_OFFSETS(monotonic=1, boottime=-1): return op(15, (u64(monotonic) + u32(5)) + (u64(boottime & 2**64 - 1) + u32(6)))
def ENV(*e): return op(40, many(map(text, e)))
def CWD(p, flags=0): return op(41, text(p), flags)
def GROUPS(*g): return op(42, many(map(u32, g)))
def UID(uid=0, gid=0, umask=0o22): return op(43, u32(uid) + u32(gid) + u32(umask))
def CAPS(bounding=DOCKER_CAPS, effective=None, permitted=None, inheritable=0, ambient=0):
    e = bounding if effective is None else effective
    return op(44, b"".join(map(u64, (bounding, e, e if permitted is None else permitted, inheritable, ambient))))
def NNP(): return op(45)
def SECCOMP(program, flags=0): return op(46, u32(flags) + u32(len(program)) + program)
def INIT(): return op(47)
def WAIT(): return op(48)
def EXEC_(*argv, flags=1): return op(50, many(map(text, argv)), flags)

MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"]
RO = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
ALL = NS | UTS | IPC | NET | PID | CGROUP
ENVIRONMENT = ENV("PATH=/bin:/usr/bin", "HOME=/root")


def tail(argv, tty=False, userns=False, uid=0, gid=0, groups=(0,), caps=None, seccomp=b"", sflags=0, wait=True, init=False, cwd="/", nnp=True, extra=b"", size=(24, 80)):
    return b"".join([extra, KEYRING(), TTY(*size) if tty else b"", ENVIRONMENT, CWD(cwd), WAIT() if wait else b"",
                     GROUPS(*groups), UID(uid, gid), caps or CAPS(DOCKER_CAPS, DOCKER_CAPS if uid == 0 else 0),
                     NNP() if nnp else b"", SECCOMP(seccomp, sflags) if seccomp else b"", INIT() if init else b"", EXEC_(*argv)])


def mounts(network=True, nodes=0):
    char = 0o020666
    return b"".join([
        MOUNT("proc", "/proc", "proc", set=NOSUID | NODEV | NOEXEC),
        MOUNT("tmpfs", "/dev", "tmpfs", set=NOSUID, options=[("mode", "755"), ("size", "65536k")]),
        MOUNT("devpts", "/dev/pts", "devpts", set=NOSUID | NOEXEC, options=[("newinstance", ""), ("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")]),
        MOUNT("tmpfs", "/dev/shm", "shm", set=NOSUID | NODEV | NOEXEC, options=[("mode", "1777"), ("size", "65536k")]),
        MOUNT("mqueue", "/dev/mqueue", "mqueue", set=NOSUID | NODEV | NOEXEC),
        MOUNT("sysfs", "/sys", "sysfs", set=NOSUID | NODEV | NOEXEC | RDONLY) if network else b"",
        MKNOD("/dev/null", char, 1, 3, nodes), MKNOD("/dev/zero", char, 1, 5, nodes), MKNOD("/dev/full", char, 1, 7, nodes),
        MKNOD("/dev/random", char, 1, 8, nodes), MKNOD("/dev/urandom", char, 1, 9, nodes), MKNOD("/dev/tty", char, 5, 0, nodes),
        SYMLINK("/proc/self/fd", "/dev/fd"), SYMLINK("/proc/self/fd/0", "/dev/stdin"), SYMLINK("/proc/self/fd/1", "/dev/stdout"),
        SYMLINK("/proc/self/fd/2", "/dev/stderr"), SYMLINK("pts/ptmx", "/dev/ptmx")])


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.seq = 0

    def send(self, kind, body=b"", fds=()):
        self.seq += 1
        first = struct.pack("<IHHII", MAGIC, kind, 1, self.seq, len(body)) + body[:65520]
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([first], rights)
        for at in range(65520, len(body), 65536):
            self.socket.send(body[at:at + 65536])
        return self.seq

    def receive(self):
        packet = self.socket.recv(65536)
        if not packet:
            return None
        magic, kind, version, seq, length = struct.unpack_from("<IHHII", packet)
        assert magic == MAGIC and version == 1 and length == len(packet) - 16
        return Message(kind, seq, packet[16:])

    def wait(self, *kinds):
        while True:
            message = self.receive()
            if message is None:
                raise EOFError(f"closed before {kinds}")
            if message.kind in kinds:
                return message

    def call(self, kind, body=b"", fds=()):
        seq = self.send(kind, body, fds)
        while True:
            message = self.receive()
            if message is None:
                raise EOFError("closed")
            if message.seq == seq and message.kind != TIMINGS:
                return message

    def close(self):
        self.socket.close()

    def __enter__(self): return self
    def __exit__(self, *_): self.close()


class Message:
    def __init__(self, kind, seq, body):
        self.kind, self.seq, self.body = kind, seq, body
        if kind == FAILED:
            self.op, self.code, self.errno, n = struct.unpack_from("<iHiI", body)
            self.text = body[14:14 + n].decode(errors="replace")
        elif kind == CREATED:
            self.pid, self.start, self.shim, self.running = struct.unpack("<IQIB", body)
        elif kind == EXITED:
            self.status, self.signal, self.at = struct.unpack("<iiQ", body)
        elif kind == STATUS:
            (self.phase, self.pid, self.start, self.status, self.signal, self.at, self.log_bytes, self.log_errors,
             self.log_errno, self.clients, self.dropped, self.rows, self.cols) = struct.unpack("<BIQiiQQQiIQHH", body)
        elif kind == TIMINGS:
            self.base, n = struct.unpack_from("<QI", body)
            self.ops = [struct.unpack_from("<HHiQQ", body, 12 + 24 * i) for i in range(n)]

    def __repr__(self):
        return f"Message(0x{self.kind:x} {({k: v for k, v in vars(self).items() if k not in ('body', 'kind')})})"


class Attach:
    def __init__(self, path, flags=0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.send(0, bytes([flags]))

    def send(self, kind, data=b""):
        self.socket.sendall(struct.pack(">BI", kind, len(data)) + data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                return None
            data += more
        return data

    def frame(self):
        head = self.exactly(5)
        if head is None:
            return None
        kind, n = struct.unpack(">BI", head)
        return kind, self.exactly(n)

    def ready(self):
        assert self.frame()[0] == 20
        return self

    def rest(self):
        """(stdout, stderr, exit code, error) until the end."""
        streams, code, error = {16: bytearray(), 17: bytearray()}, None, None
        while (f := self.frame()) is not None:
            if f[0] in streams:
                streams[f[0]] += f[1]
            elif f[0] == 18:
                code = struct.unpack(">i", f[1])[0]
            elif f[0] == 19:
                error = f[1].decode()
        return bytes(streams[16]), bytes(streams[17]), code, error

    def close(self):
        self.socket.close()


class Launcher:
    """A launcher of our own with its own directories, and a busybox root file system."""

    def __init__(self, binary, uid=0):
        self.tmp = tempfile.mkdtemp(prefix="gantry-launcher-")
        os.chmod(self.tmp, 0o711)
        self.state, self.socket = self.tmp + "/s", self.tmp + "/l.sock"
        os.mkdir(self.state, 0o711)
        self.rootfs = self.tmp + "/rootfs"
        for d in ("bin", "root", "tmp", "etc", "proc", "sys", "dev"):
            os.makedirs(f"{self.rootfs}/{d}")
        subprocess.run(["cp", "/bin/busybox", self.rootfs + "/bin/busybox"], check=True)
        for name in ("sh", "true", "false", "cat", "ls", "id", "sleep", "ps", "env", "echo", "kill", "head", "dd", "stty", "pwd", "seq", "mount",
                     "hostname", "yes", "stat", "touch", "trap", "tr", "wc", "readlink", "ip", "mkdir", "test", "md5sum", "chmod", "grep", "umount"):
            os.symlink("busybox", f"{self.rootfs}/bin/{name}")
        self.n, self.lock = 0, threading.Lock()
        self.process = subprocess.Popen([binary, "--socket", self.socket, "--uid", str(uid), "--state", self.state] + os.environ.get("LAUNCHER_OPTIONS", "--spare 2").split(), stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def connect(self): return Connection(self.socket)
    def name(self):
        with self.lock:
            self.n += 1
            return f"t{self.n}"

    def control(self, id): return Connection(f"{self.state}/{id}/ctl")
    def attach(self, id, flags=0): return Attach(f"{self.state}/{id}/attach", flags).ready()

    def layer(self):
        base = tempfile.mkdtemp(dir=self.tmp)
        for d in ("u", "w"):
            os.mkdir(f"{base}/{d}")
        os.chmod(base + "/u", 0o755)
        return base

    def plan(self, id, argv, stdio=0, head=b"", joins=b"", namespaces=ALL, more=b"", after=b"", log=None, root=None, masks=True, **rest):
        base = self.layer()
        self.upper = base + "/u"
        return b"".join([
            ID(id), LOG(log or f"{self.tmp}/{id}.log"), STDIO(stdio), head, NAMESPACES(namespaces), joins, PROPAGATION(),
            root or OVERLAY([self.rootfs], base + "/u", base + "/w"), mounts(nodes=1 if namespaces & USER else 0), more, PIVOT(),
            b"".join(map(MASK, MASKED)) + b"".join(map(READONLY, RO)) if masks else b"", HOSTNAME("box"), LOOPBACK(), after, tail(argv, **rest)])

    def create(self, *args, fds=(), **kw):
        id = kw.pop("id", None) or self.name()
        c = self.connect()
        c.id = id
        c.send(CREATE, self.plan(id, *args, **kw), fds)
        c.reply = c.wait(CREATED, FAILED)
        return c

    def run(self, argv, stdin=None, **kw):
        """(stdout, stderr, exit code) of a container from create to end."""
        c = self.create(argv, stdio=2 | (1 if stdin is not None else 0), **kw)
        if c.reply.kind == FAILED:
            raise LaunchFailed(c.reply)
        a = self.attach(c.id, 4 | (2 if stdin is not None else 0))
        c.send(START)
        if stdin is not None:
            a.send(1, stdin)
            a.send(2)
        out, err, code, _ = a.rest()
        a.close()
        reply = c.wait(STARTED, FAILED)
        if reply.kind == FAILED:
            c.wait(EXITED)
            self.gone(c)
            raise LaunchFailed(reply)
        assert c.wait(EXITED).status == code
        self.gone(c)
        return out.decode(), err.decode(), code

    def gone(self, c, killed=False):
        """Waits for the shim's end (it closes the connection last) and removes the container."""
        while c.receive() is not None:
            pass
        c.close()
        with self.connect() as r:
            reply = r.call(REMOVE, text(c.id))
        if reply.kind != OK and not killed:
            raise AssertionError(reply)
        return reply.kind == OK

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        subprocess.run(["rm", "-rf", self.tmp], check=True)


class LaunchFailed(Exception):
    def __init__(self, message):
        super().__init__(repr(message))
        self.message = message
