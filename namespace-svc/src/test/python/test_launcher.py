"""The launcher against the kernel: run as root, `python3 test_launcher.py BINARY [TEST…]`. Nothing is left behind."""
import fcntl
import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from launcher_wire import *

BINARY = os.environ.get("GANTRY_LAUNCHER", "")


def filter_denying(*numbers, errno=1):
    """seccomp: ERRNO for these calls, ALLOW for all others (x86_64 and aarch64 numbers alike are given by the caller)."""
    code = [struct.pack("<HBBI", 0x20, 0, 0, 0)]
    for i, n in enumerate(numbers):
        code.append(struct.pack("<HBBI", 0x15, len(numbers) - i, 0, n))
    code.append(struct.pack("<HBBI", 0x06, 0, 0, 0x7FFF0000))
    code.append(struct.pack("<HBBI", 0x06, 0, 0, 0x00050000 | errno))
    return b"".join(code)


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError("condition did not come true")
        time.sleep(0.002)
    return value


def mountinfo():
    with open("/proc/self/mountinfo") as f:
        return f.read()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mounts = mountinfo()
        cls.launcher = Launcher(BINARY)

    @classmethod
    def tearDownClass(cls):
        left = os.listdir(cls.launcher.state)
        cls.launcher.close()
        assert left == [], left
        assert mountinfo() == cls.mounts

    def run_it(self, *argv, **kw):
        return self.launcher.run(list(argv), **kw)

    def sh(self, script, **kw):
        out, err, code = self.launcher.run(["sh", "-c", script], **kw)
        self.assertEqual(code, 0, (out, err))
        return out

    def refused(self, errno, plan):
        with self.launcher.connect() as c:
            c.send(CREATE, plan)
            reply = c.wait(CREATED, FAILED)
            if reply.kind == CREATED:
                c.call(DELETE)
                c.wait(EXITED)
            self.assertEqual((reply.kind, getattr(reply, "errno", 0)), (FAILED, errno), reply)
            return reply

    def created(self, *argv, **kw):
        c = self.launcher.create(list(argv), **kw)
        self.assertEqual(c.reply.kind, CREATED, c.reply)
        return c

    def started(self, *argv, **kw):
        c = self.created(*argv, **kw)
        self.assertEqual(c.call(START).kind, STARTED)
        return c

    def kill(self, c):
        self.assertEqual(c.call(DELETE).kind, OK)
        event = c.wait(EXITED)
        self.launcher.gone(c)
        return event

    def failed_start(self, *argv, **kw):
        with self.assertRaises(LaunchFailed) as caught:
            self.launcher.run(list(argv), **kw)
        return caught.exception.message


class Life(Case):
    def test_exit_code_and_streams(self):
        self.assertEqual(self.run_it("sh", "-c", "echo out; echo err >&2; exit 7"), ("out\n", "err\n", 7))

    def test_stdin_reaches_the_command_and_ends(self):
        data = "".join(f"line {i}\n" for i in range(5000))
        self.assertEqual(self.run_it("cat", stdin=data.encode()[:60000])[0], data[:60000])

    def test_killed_by_signal(self):
        c = self.started("sleep", "100")
        self.assertEqual(c.call(SIGNAL, u32(9) + u32(0)).kind, OK)
        event = c.wait(EXITED)
        self.assertEqual((event.status, event.signal), (137, 9))
        path = f"{self.launcher.state}/{c.id}/exit"
        until(lambda: os.path.exists(path))
        with open(path) as f:
            self.assertEqual(f.read(), f"137 9 {event.at}\n")
        self.launcher.gone(c)

    def test_command_not_found(self):
        message = self.failed_start("no-such-command")
        self.assertEqual((message.code, message.errno), (50, 2))

    def test_command_not_executable(self):
        self.assertEqual(self.failed_start("/etc").errno, 13)

    def test_failed_start_is_recorded_as_127(self):
        c = self.created("nothing")
        self.assertEqual(c.call(START).kind, FAILED)
        self.assertEqual(c.wait(EXITED).status, 127)
        self.launcher.gone(c)

    def test_start_twice(self):
        c = self.started("sleep", "100")
        self.assertEqual(c.call(START).errno, 16)
        self.kill(c)

    def test_created_but_not_started_is_deleted(self):
        c = self.created("true")
        pid = c.reply.pid
        self.assertEqual(c.call(STATE).phase, 0)
        self.assertEqual(self.kill(c).signal, 9)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_start_after_the_init_was_killed(self):
        for _ in range(20):
            c = self.created("true")
            os.kill(c.reply.pid, signal.SIGKILL)
            self.assertEqual(c.call(START).kind, FAILED)
            self.launcher.gone(c)

    def test_same_id_twice(self):
        c = self.created("true")
        self.refused(17, self.launcher.plan(c.id, ["true"]))
        self.assertEqual(c.call(STATE).phase, 0)
        self.kill(c)

    def test_remove_refuses_a_living_container(self):
        c = self.created("true")
        with self.launcher.connect() as r:
            self.assertEqual(r.call(REMOVE, text(c.id)).errno, 16)
        for bad in ("../x", ".", "", "a/b"):
            with self.launcher.connect() as r:
                self.assertEqual(r.call(REMOVE, text(bad)).errno, 22)
        self.kill(c)

    def test_launcher_and_creator_go_and_the_container_stays(self):
        mine = Launcher(BINARY)
        c = mine.create(["sh", "-c", "trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done"])
        c.call(START)
        until(lambda: "up" in open(f"{mine.tmp}/{c.id}.log").read())
        c.close()
        mine.process.kill()
        mine.process.wait()
        with Connection(f"{mine.state}/{c.id}/ctl") as again:
            state = again.call(STATE)
            self.assertEqual((state.phase, state.pid), (1, c.reply.pid))
            self.assertEqual(again.call(WATCH).kind, OK)
            again.call(SIGNAL, u32(15) + u32(0))
            self.assertEqual(again.wait(EXITED).status, 5)
            self.assertIsNone(again.receive())
        self.assertIn("stdout F bye", open(f"{mine.tmp}/{c.id}.log").read())
        mine.close()

    def test_no_container_survives_its_shim(self):
        c = self.started("sleep", "100")
        os.kill(c.reply.shim, signal.SIGKILL)
        until(lambda: not os.path.exists(f"/proc/{c.reply.pid}"))
        if not self.launcher.gone(c, killed=True):
            until(lambda: self.removed(c.id))

    def removed(self, id):
        with self.launcher.connect() as r:
            return r.call(REMOVE, text(id)).kind == OK

    def test_failure_leaves_nothing(self):
        before = sorted(os.listdir(self.launcher.state))
        reply = self.refused(2, self.launcher.plan("gone", ["true"], more=MOUNT("bind", "/x", "/no/such/source")))
        self.assertIn("/no/such/source", reply.text)
        self.assertEqual(sorted(os.listdir(self.launcher.state)), before)

    def test_timings_tell_each_operation_once(self):
        c = self.created("true")
        first = c.wait(TIMINGS)
        self.assertIn(21, [o[1] for o in first.ops])
        c.send(START)
        second = c.wait(TIMINGS)
        self.assertIn(50, [o[1] for o in second.ops])
        self.assertFalse({o[0] for o in first.ops} & {o[0] for o in second.ops})
        c.wait(EXITED)
        self.launcher.gone(c)

    def test_init_reaps_and_forwards(self):
        c = self.started("sh", "-c", "trap 'exit 9' TERM; (sleep 0.01 & ) ; echo up; while :; do sleep 0.02; done", init=True)
        log = f"{self.launcher.tmp}/{c.id}.log"
        until(lambda: "up" in open(log).read())
        until(lambda: not [p for p in self.inside(c) if p[1] == "Z"])
        self.assertEqual(c.call(SIGNAL, u32(15) + u32(0)).kind, OK)
        self.assertEqual(c.wait(EXITED).status, 9)
        self.launcher.gone(c)

    def inside(self, c):
        namespace, found = os.readlink(f"/proc/{c.reply.pid}/ns/pid"), []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == namespace:
                    found.append((int(pid), open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]))
            except OSError:
                pass
        return found

    def test_init_tells_not_found_and_signal_codes(self):
        self.assertEqual(self.failed_start("nothing", init=True).errno, 2)
        self.assertEqual(self.run_it("sh", "-c", "kill -9 $$", init=True)[2], 137)

    def test_eight_at_a_time(self):
        failures = []

        def some():
            for _ in range(8):
                try:
                    self.assertEqual(self.launcher.run(["sh", "-c", "echo x"])[::2], ("x\n", 0))
                except BaseException as e:
                    failures.append(e)

        fds = lambda: len(os.listdir(f"/proc/{self.launcher.process.pid}/fd"))
        before, threads = fds(), [threading.Thread(target=some) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual((failures, fds()), ([], before))
        # nothing but the spares is left of it
        children = lambda: open(f"/proc/{self.launcher.process.pid}/task/{self.launcher.process.pid}/children").read().split()
        until(lambda: len(children()) <= 3)

    def test_spares_go_with_the_launcher(self):
        mine = Launcher(BINARY)
        path = f"/proc/{mine.process.pid}/task/{mine.process.pid}/children"
        spares = until(lambda: open(path).read().split())
        mine.process.kill()
        mine.process.wait()
        until(lambda: not [p for p in spares if os.path.exists(f"/proc/{p}/exe") and self.alive(p)])
        mine.close()

    def alive(self, pid):
        try:
            return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_no_wait_start(self):
        c = self.created("true", wait=False)
        self.assertEqual(c.reply.running, 1)
        self.assertEqual(c.wait(EXITED).status, 0)
        self.launcher.gone(c)

    def test_strangers_are_refused(self):
        mine = Launcher(BINARY, uid=4242)
        pid = os.fork()
        if pid == 0:
            os.setgid(4243)
            os.setuid(4243)
            try:
                Connection(mine.socket)
            except PermissionError:
                os._exit(0)
            os._exit(1)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        mine.close()


class Output(Case):
    def test_cri_log(self):
        self.sh("echo one; head -c 40000 /dev/zero | tr '\\0' x; echo; printf tail")
        c = self.launcher
        lines = open(f"{c.tmp}/t{c.n}.log").read().splitlines()
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout [FP] ")
        parts = [(m.group(1), len(m.group(2))) for m in (re.match(r"\S+ stdout ([FP]) (.*)", x) for x in lines)]
        self.assertEqual(parts, [("F", 3), ("P", 16384), ("P", 16384), ("F", 40000 - 32768), ("P", 4)])

    def test_log_is_rotated(self):
        path = self.launcher.tmp + "/rot.log"
        id = self.launcher.name()
        plan = self.launcher.plan(id, ["sh", "-c", "i=0; while [ $i -lt 60 ]; do seq 100; sleep 0.002; i=$((i+1)); done"])
        plan = plan.replace(LOG(f"{self.launcher.tmp}/{id}.log"), LOG(path, 60000, 3, 7))
        with self.launcher.connect() as c:
            c.id = id
            c.send(CREATE, plan)
            self.assertEqual(c.wait(CREATED, FAILED).kind, CREATED)
            c.call(START)
            c.wait(EXITED)
            self.launcher.gone(c)
        self.assertTrue(os.path.exists(path + ".2") and not os.path.exists(path + ".3"))
        st = os.stat(path)
        self.assertEqual((st.st_mode & 0o777, st.st_gid), (0o640, 7))
        self.assertLess(os.stat(path + ".1").st_size, 60000 + 40000)

    def test_log_is_reached_through_no_link(self):
        real, link = self.launcher.tmp + "/real", self.launcher.tmp + "/link"
        os.mkdir(real)
        os.mkdir(real + "/below")
        os.symlink(real, link)
        os.symlink("below", real + "/again")
        for path in (link + "/log", link + "/below/log", real + "/again/log", real + "/again/../log"):
            self.refused(40, self.launcher.plan("linked", ["true"], log=path))
        self.assertEqual(sorted(os.listdir(real)), ["again", "below"])
        os.unlink(real + "/again")
        self.assertEqual(self.launcher.run(["true"], log=real + "/below/log")[2], 0)
        os.unlink(link)

    def test_log_failure_is_counted_and_harmless(self):
        directory, id = self.launcher.tmp + "/logs", self.launcher.name()
        os.mkdir(directory)
        plan = self.launcher.plan(id, ["sh", "-c", "read x; seq 20000; read x; exit 6"], stdio=1)
        plan = plan.replace(LOG(f"{self.launcher.tmp}/{id}.log"), LOG(directory + "/log", 10000, 2, 0))
        with self.launcher.connect() as c:
            c.id = id
            c.send(CREATE, plan)
            c.wait(CREATED)
            c.call(START)
            os.unlink(directory + "/log")
            os.rmdir(directory)  # rotation cannot succeed any more
            a = self.launcher.attach(id, 2)
            a.send(1, b"\n")
            state = until(lambda: (s := c.call(STATE)).log_errors > 1 and s)
            self.assertEqual((state.phase, state.log_errno), (1, 2))
            a.send(1, b"\n")
            self.assertEqual(c.wait(EXITED).status, 6)
            a.close()
            self.launcher.gone(c)
        self.refused(22, self.launcher.plan("dev", ["true"], log="/dev/full"))

    def test_blocking_reader_gets_all(self):
        c = self.created("sh", "-c", "head -c 12000000 /dev/urandom | tr -d '\\n' > /tmp/f; md5sum < /tmp/f >&2; cat /tmp/f", stdio=2)
        a = self.launcher.attach(c.id, 4)
        c.send(START)
        time.sleep(0.2)  # the slow reader itself, not a wait for something
        out, err, code, error = a.rest()
        self.assertEqual((code, error), (0, None))
        self.assertEqual(hashlib.md5(out).hexdigest(), err.decode().split()[0])
        self.launcher.gone(c)

    def test_slow_reader_is_dropped_not_waited_for(self):
        c = self.created("sh", "-c", "head -c 6000000 /dev/zero; exit 3", stdio=2)
        slow = self.launcher.attach(c.id, 0)
        c.send(START)
        self.assertEqual(c.wait(EXITED).status, 3)
        out, _, code, error = slow.rest()
        self.assertIsNone(code)
        self.assertIn("too slow", error)
        self.launcher.gone(c)

    def test_replay_and_two_clients(self):
        c = self.started("sh", "-c", "echo early; read x; echo got $x", stdio=1)
        log = f"{self.launcher.tmp}/{c.id}.log"
        until(lambda: "early" in open(log).read())
        one, two = self.launcher.attach(c.id, 1), self.launcher.attach(c.id, 3)
        two.send(1, b"word\n")
        for client in (one, two):
            self.assertEqual(client.rest()[:3], (b"early\ngot word\n", b"", 0))
            client.close()
        self.launcher.gone(c)

    def test_detach_leaves_the_container(self):
        c = self.started("sh", "-c", "read x; echo $x", stdio=1)
        a = self.launcher.attach(c.id, 3)
        a.send(4)
        self.assertIsNone(a.frame())
        until(lambda: c.call(STATE).clients == 0)
        b = self.launcher.attach(c.id, 2)
        b.send(1, b"again\n")
        self.assertEqual(b.rest()[0], b"again\n")
        self.launcher.gone(c)

    def test_stdin_ends_with_its_first_client(self):
        c = self.started("sh", "-c", "cat; echo end", stdio=5)
        a = self.launcher.attach(c.id, 2)
        a.send(1, b"text\n")
        until(lambda: "text" in open(f"{self.launcher.tmp}/{c.id}.log").read())
        a.close()
        self.assertEqual(c.wait(EXITED).status, 0)
        self.launcher.gone(c)

    def test_bad_frames_close_only_their_client(self):
        c = self.started("sleep", "100", stdio=1)
        for bad in (b"\x01\0\0\0\1x", b"\0\xff\xff\xff\xff", b"\0\0\0\0\1\xff", os.urandom(500)):
            s = socket.socket(socket.AF_UNIX)
            s.connect(f"{self.launcher.state}/{c.id}/attach")
            s.settimeout(5)
            s.sendall(bad)
            s.shutdown(socket.SHUT_WR)
            try:
                while s.recv(1000):
                    pass
            except ConnectionResetError:
                pass
            s.close()
        self.assertEqual(c.call(STATE).phase, 1)
        self.kill(c)

    def test_attach_and_drop_a_thousand_times(self):
        c = self.started("sleep", "100", stdio=1)
        fds = lambda: len(os.listdir(f"/proc/{c.reply.shim}/fd"))
        before = fds()
        for _ in range(1000):
            self.launcher.attach(c.id, 3).close()
        until(lambda: fds() == before)
        self.kill(c)

    def test_terminal(self):
        c = self.created("sh", "-c", "stty size; test -t 0 && test -t 2 && echo tty; readlink /proc/self/fd/0; read x; stty size; echo got $x", tty=True, stdio=3, size=(30, 100))
        a = self.launcher.attach(c.id, 7)
        c.send(START)
        seen = b""
        while b"/dev/pts/0" not in seen:
            seen += a.frame()[1]
        a.send(3, struct.pack(">HH", 50, 120))
        a.send(1, b"hello\n")
        out, err, code, _ = a.rest()
        text_out = (seen + out).decode().replace("\r", "")
        self.assertEqual((text_out, code), ("30 100\ntty\n/dev/pts/0\nhello\n50 120\ngot hello\n", 0))
        self.launcher.gone(c)

    def test_terminal_with_init_has_a_controlling_terminal(self):
        c = self.created("sh", "-c", "echo x > /dev/tty && echo ok", tty=True, stdio=3, init=True)
        a = self.launcher.attach(c.id, 7)
        c.send(START)
        self.assertEqual(a.rest()[0], b"x\r\nok\r\n")
        self.launcher.gone(c)


class Sessions(Case):
    def session(self, c, *argv, id="s1", tail_options=None, kinds=ALL & ~USER, stdio=2, head=b""):
        e = self.launcher.control(c.id)
        e.send(EXEC, ID(id) + STDIO(stdio) + head + SETNS_INIT(kinds) + tail(argv, **(tail_options or {})))
        e.reply = e.wait(CREATED, FAILED)
        return e

    def output(self, c, e, id="s1", flags=4):
        a = Attach(f"{self.launcher.state}/{c.id}/exec-{id}/attach", flags).ready()
        e.send(START)
        return a.rest()

    def test_exec_enters_everything(self):
        c = self.started("sleep", "100")
        e = self.session(c, "sh", "-c", "hostname; ls /; grep -E 'CapInh|CapEff|Seccomp:|NoNewPrivs' /proc/self/status; ls -l /proc/self/fd | grep -v pipe; exit 4",
                         tail_options={"seccomp": filter_denying(83)})
        self.assertEqual(e.reply.kind, CREATED, e.reply)
        for kind in ("mnt", "pid", "net", "ipc", "uts", "cgroup"):
            name = "pid_for_children" if kind == "pid" else kind
            self.assertEqual(os.readlink(f"/proc/{e.reply.pid}/ns/{kind}"), os.readlink(f"/proc/{c.reply.pid}/ns/{kind}"), name)
        out, err, code, _ = self.output(c, e)
        self.assertEqual(code, 4, err)
        self.assertTrue(out.startswith(b"box\n"), out)
        self.assertIn(b"CapInh:\t0000000000000000\nCapEff:\t00000000a80425fb", out)
        self.assertIn(b"Seccomp:\t2", out)
        self.assertEqual(e.wait(EXITED).status, 4)
        self.kill(c)

    def test_exec_with_terminal(self):
        c = self.started("sleep", "100")
        e = self.session(c, "stty", "size", tail_options={"tty": True, "size": (11, 22)}, stdio=3)
        self.assertEqual(self.output(c, e, flags=6)[0], b"11 22\r\n")
        self.kill(c)

    def test_exec_not_found_leaves_no_trace(self):
        c = self.started("sleep", "100")
        e = self.session(c, "nothing", tail_options={"wait": False})
        self.assertEqual((e.reply.kind, e.reply.errno), (FAILED, 2))
        self.assertEqual([x for x in os.listdir(f"{self.launcher.state}/{c.id}") if x.startswith("exec-")], [])
        self.kill(c)

    def test_exec_dies_with_the_container(self):
        c = self.started("sleep", "100")
        e = self.session(c, "sleep", "100", stdio=0)
        e.call(START)
        c.call(DELETE)
        self.assertEqual(e.wait(EXITED).signal, 9)
        c.wait(EXITED)
        while e.receive() is not None:
            pass
        self.launcher.gone(c)

    def test_many_sessions_and_no_zombie(self):
        c = self.started("sleep", "100")
        for i in range(20):
            e = self.session(c, "true", id=f"e{i}", stdio=0, tail_options={"wait": False})
            self.assertEqual(e.wait(EXITED).status, 0)
            e.close()
        children = lambda: open(f"/proc/{c.reply.shim}/task/{c.reply.shim}/children").read().split()
        until(lambda: children() == [str(c.reply.pid)])
        self.assertEqual(open(f"{self.launcher.state}/{c.id}/exec-e7/exit").read().split()[:2], ["0", "0"])
        for i in range(20):
            self.assertEqual(c.call(REMOVE, text(f"e{i}")).kind, OK)
        self.assertEqual(c.call(REMOVE, text("e1")).errno, 2)
        self.assertEqual(sorted(os.listdir(f"{self.launcher.state}/{c.id}")), ["attach", "ctl", "pid"])
        self.kill(c)

    def test_session_plan_cannot_mount(self):
        c = self.started("sleep", "100")
        with self.launcher.control(c.id) as e:
            e.send(EXEC, ID("m") + SETNS_INIT(NS) + PROPAGATION() + ROOT_BIND("/") + PIVOT() + tail(["true"]))
            self.assertEqual(e.wait(FAILED).errno, 22)
        with self.launcher.control(c.id) as e:
            e.send(EXEC, ID("m") + tail(["true"]))
            self.assertEqual(e.wait(FAILED).errno, 22)
        self.kill(c)


class Isolation(Case):
    def test_capabilities_of_a_plain_user(self):
        out = self.sh("grep -E 'Cap|Uid|Gid|Groups' /proc/self/status", uid=1000, gid=1001, groups=(1001, 77))
        for line in ("CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t00000000a80425fb",
                     "CapAmb:\t0000000000000000", "Uid:\t1000\t1000\t1000\t1000", "Gid:\t1001\t1001\t1001\t1001", "Groups:\t77 1001"):
            self.assertIn(line, out)

    def test_ambient_capabilities(self):
        bind = 1 << 10
        out = self.sh("grep Cap /proc/self/status", uid=5, gid=5, groups=(5,), caps=CAPS(DOCKER_CAPS, bind, bind, bind, bind))
        self.assertIn("CapEff:\t0000000000000400", out)

    def test_a_capability_that_is_not_there_is_an_error(self):
        message = self.failed_start("true", caps=CAPS(1 << 63))
        self.assertEqual((message.code, message.errno), (44, 22))

    def test_stderr_can_be_opened_again_by_a_plain_user(self):
        self.assertEqual(self.run_it("sh", "-c", "echo x > /dev/stderr", uid=7, gid=7)[1:], ("x\n", 0))

    def test_masks_and_read_only_paths(self):
        out = self.sh("cat /proc/keys /proc/timer_list | wc -c; ls /proc/acpi /sys/firmware /proc/scsi 2>/dev/null | grep -v : | wc -w;"
                      "echo 1 > /proc/sys/kernel/domainname; echo b > /proc/sysrq-trigger; touch /sys/x; touch /proc/acpi/x; echo rc $?")
        self.assertEqual(out, "0\n0\nrc 1\n")

    def test_read_only_root(self):
        self.assertNotEqual(self.run_it("touch", "/x", after=READONLY_ROOT())[2], 0)
        self.assertEqual(self.run_it("touch", "/dev/shm/x", after=READONLY_ROOT())[2], 0)

    def test_seccomp(self):
        out, err, code = self.run_it("sh", "-c", "mkdir /d || echo denied; grep Seccomp: /proc/self/status", seccomp=filter_denying(83, 258))
        self.assertEqual(out, "denied\nSeccomp:\t2\n")
        for nnp in (True, False):
            early = op(46, u32(0) + text(filter_denying(83, 258)))
            plan = self.launcher.plan(self.launcher.name(), ["true"], nnp=nnp)
            self.assertTrue(plan)

    def test_seccomp_before_caps_without_no_new_privs(self):
        id = self.launcher.name()
        program = filter_denying(83, 258)
        plan = self.launcher.plan(id, ["sh", "-c", "mkdir /d; grep -E 'NoNew|Seccomp:' /proc/self/status"], nnp=False, stdio=2)
        plan = plan.replace(CAPS(DOCKER_CAPS, DOCKER_CAPS), SECCOMP(program) + CAPS(DOCKER_CAPS, DOCKER_CAPS))
        with self.launcher.connect() as c:
            c.id = id
            c.send(CREATE, plan)
            self.assertEqual(c.wait(CREATED, FAILED).kind, CREATED)
            a = self.launcher.attach(id, 4)
            c.send(START)
            self.assertEqual(a.rest()[0], b"NoNewPrivs:\t0\nSeccomp:\t2\n")
            self.launcher.gone(c)
        late = self.launcher.plan(id, ["true"], nnp=False, seccomp=program)
        self.refused(22, late)

    def test_seccomp_that_kills_all_is_told(self):
        kill = struct.pack("<HBBI", 6, 0, 0, 0x80000000)
        c = self.created("true", seccomp=kill)
        c.send(START)
        c.wait(STARTED, FAILED)
        self.assertEqual(c.wait(EXITED).signal, 31)
        self.launcher.gone(c)

    def test_bind_mounts(self):
        base = self.launcher.tmp + "/vol"
        os.makedirs(base + "/a/b", exist_ok=True)
        open(base + "/file", "w").write("content\n")
        os.path.lexists(base + "/a/esc") or os.symlink("/etc", base + "/a/esc")
        more = (MOUNT("bind", "/data/deep/dir", base, flags=1) + MOUNT("bind", "/data/file", base + "/file", set=RDONLY)
                + MOUNT("bind", "/sub", base, "a/b") + MOUNT("bind", "/opt", "/no/such", flags=8))
        out = self.sh("cat /data/deep/dir/file; echo x > /data/file || echo ro; touch /sub/made; ls -d /opt", more=more + MKDIR("/opt"))
        self.assertEqual(out, "content\nro\n/opt\n")
        self.assertTrue(os.path.exists(base + "/a/b/made"))
        # the subpath is resolved inside its volume: the link to /etc finds nothing there
        self.refused(2, self.launcher.plan("esc", ["true"], more=MOUNT("bind", "/sub", base, "a/esc")))

    def test_working_directory(self):
        self.assertEqual(self.sh("pwd", cwd="/tmp"), "/tmp\n")
        self.refused(2, self.launcher.plan("wd", ["true"], cwd="/not/there"))
        plan = self.launcher.plan("wd", ["pwd"], cwd="/not/there", wait=False).replace(CWD("/not/there"), CWD("/not/there", 1))
        with self.launcher.connect() as c:
            c.id = "wd"
            c.send(CREATE, plan)
            self.assertEqual(c.wait(CREATED, FAILED).kind, CREATED)
            c.wait(EXITED)
            self.launcher.gone(c)
        self.assertIn("stdout F /not/there", open(self.launcher.tmp + "/wd.log").read())

    def test_console(self):
        id = self.launcher.name()
        plan = self.launcher.plan(id, ["sh", "-c", "echo hello > /dev/console"], tty=True, stdio=2).replace(TTY(24, 80), TTY(24, 80, 1))
        with self.launcher.connect() as c:
            c.id = id
            c.send(CREATE, plan)
            self.assertEqual(c.wait(CREATED, FAILED).kind, CREATED)
            a = self.launcher.attach(id, 4)
            c.send(START)
            self.assertEqual(a.rest()[0], b"hello\r\n")
            a.close()
            self.launcher.gone(c)

    def test_a_label_that_nobody_enforces_is_an_error(self):
        self.refused(22, self.launcher.plan("lab", ["true"], after=op(38, text("exec") + text("gantry"))))

    def test_tmpfs_and_options(self):
        out = self.sh("stat -c %a /t; mount | grep ' /t '", more=MOUNT("tmpfs", "/t", "tmpfs", set=NOSUID | NOEXEC, options=[("size", "1m"), ("mode", "1777")]))
        self.assertIn("1777\n", out)
        self.assertIn("size=1024k", out)
        self.refused(22, self.launcher.plan("o", ["true"], more=MOUNT("tmpfs", "/t", "tmpfs", options=[("nonsense", "1")])))

    def test_many_layers(self):
        layers = []
        for i in range(120):
            layer = f"{self.launcher.tmp}/layer-with-a-rather-long-name-{i:03}"
            os.makedirs(layer)
            open(f"{layer}/f{i}", "w").close()
            layers.append(layer)
        b = self.launcher.layer()
        self.assertEqual(self.sh("ls / | grep -c ^f", root=OVERLAY(layers + [self.launcher.rootfs], b + "/u", b + "/w")), "120\n")

    def test_read_only_overlay_and_bind_root(self):
        empty = self.launcher.layer() + "/u"
        self.assertNotEqual(self.run_it("touch", "/x", root=OVERLAY([self.launcher.rootfs, empty]))[2], 0)
        self.assertEqual(self.run_it("true", root=ROOT_BIND(self.launcher.rootfs))[2], 0)

    def test_sysctl(self):
        self.assertEqual(self.sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni", after=SYSCTL("net/ipv4/ip_forward", "1") + SYSCTL("kernel/shmmni", "77")), "1\n77\n")
        for key in ("kernel/core_pattern", "net/../kernel/core_pattern", "vm/overcommit_memory", "kernel/shmmni/../core_pattern", "net/ipv4//x\n"):
            self.refused(1, self.launcher.plan("sys", ["true"], after=SYSCTL(key, "1")))
        self.refused(22, self.launcher.plan("sys", ["true"], after=SYSCTL("net/ipv4/ip_forward", "1\n2")))

    def test_limits(self):
        self.assertEqual(self.sh("ulimit -n; ulimit -c", after=RLIMIT(7, 512, 1024) + RLIMIT(4, 0, 0)), "512\n0\n")
        self.refused(22, self.launcher.plan("l", ["true"], after=RLIMIT(7, 9, 8)))

    def test_oom_score(self):
        self.assertEqual(self.sh("cat /proc/self/oom_score_adj", joins=OOM_SCORE(321)), "321\n")

    def test_cgroup_v1(self):
        base = "/sys/fs/cgroup/pids"
        if not os.path.isdir(base):
            self.skipTest("no v1 pids hierarchy")
        name = f"gantry-test-{os.getpid()}"
        dirs = [f"{base}/{name}", f"/sys/fs/cgroup/devices/{name}"]
        for d in dirs:
            os.mkdir(d)
        try:
            head = CGROUP_WRITE(dirs[1] + "/devices.deny", "a") + CGROUP_WRITE(dirs[1] + "/devices.allow", "c *:* m") + CGROUP_WRITE(dirs[1] + "/devices.allow", "c 1:3 rwm") + CGROUPS([(1, d) for d in dirs])
            c = self.created("sh", "-c", "cat /proc/self/cgroup; head -c1 /dev/zero", head=head, masks=True, more=b"")
            self.assertEqual([open(d + "/cgroup.procs").read().split() for d in dirs], [[str(c.reply.pid)]] * 2)
            c.call(START)
            c.wait(EXITED)
            self.launcher.gone(c)
            log = open(f"{self.launcher.tmp}/{c.id}.log").read()
            self.assertRegex(log, r"\d+:pids:/\n")
            self.assertIn("Operation not permitted", log)
            for path in ("/etc/devices.allow", "/sys/fs/cgroup/pids/../../../x/devices.allow", dirs[0] + "/cgroup.procs", "/sys/fs/cgroup/pids/release_agent"):
                self.refused(1, self.launcher.plan("cg", ["true"], head=CGROUP_WRITE(path, "a")))
        finally:
            for d in dirs:
                until(lambda: not open(d + "/cgroup.procs").read())
                os.rmdir(d)

    def test_cgroup_v2(self):
        base = next((d for d in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup") if os.path.exists(d + "/cgroup.procs") and os.path.exists(d + "/cgroup.controllers")), None)
        if not base:
            self.skipTest("no cgroup2")
        directory = f"{base}/gantry-test-v2-{os.getpid()}"
        os.mkdir(directory)
        try:
            for options in ("--spare 0", "--spare 1"):
                os.environ["LAUNCHER_OPTIONS"] = options
                mine = Launcher(BINARY)
                del os.environ["LAUNCHER_OPTIONS"]
                c = mine.create(["sh", "-c", "grep ^0: /proc/self/cgroup"], head=CGROUPS([(2, directory)]), stdio=2)
                self.assertEqual(c.reply.kind, CREATED, c.reply)
                self.assertEqual(open(directory + "/cgroup.procs").read().split(), [str(c.reply.pid)])
                a = mine.attach(c.id, 4)
                c.send(START)
                self.assertEqual(a.rest()[0], b"0::/\n")
                c.wait(EXITED)
                mine.gone(c)
                mine.close()
        finally:
            until(lambda: not open(directory + "/cgroup.procs").read())
            os.rmdir(directory)

    def test_user_namespace(self):
        rootfs, b = self.launcher.rootfs, self.launcher.layer()
        os.chmod(b, 0o755)
        for d in (b + "/u", b + "/w"):
            os.chown(d, 100000, 100000)
        out = self.sh("id -u; cat /proc/self/uid_map | tr -s ' '; touch /mine; hostname inner 2>&1 || hostname",
                      joins=USERMAP([(0, 100000, 65536)], [(0, 100000, 65536)]), namespaces=ALL | USER,
                      root=OVERLAY([rootfs], b + "/u", b + "/w", options=[("userxattr", "")]), userns=True)
        self.assertEqual(out, "0\n 0 100000 65536\nhostname: sethostname: Operation not permitted\nbox\n")
        self.assertEqual(os.stat(b + "/u/mine").st_uid, 100000)


    def test_exec_in_a_user_namespace(self):
        b = self.launcher.layer()
        for d in (b, b + "/u", b + "/w"):
            os.chmod(d, 0o755)
            os.chown(d, 100000, 100000)
        maps = [(0, 100000, 65536)]
        c = self.started("sleep", "100", joins=USERMAP(maps, maps), namespaces=ALL | USER, userns=True,
                         root=OVERLAY([self.launcher.rootfs], b + "/u", b + "/w", options=[("userxattr", "")]))
        with self.launcher.control(c.id) as e:
            e.send(EXEC, ID("u") + STDIO(2) + SETNS_INIT(ALL | USER) + tail(["sh", "-c", "id -u; echo x > /dev/stderr; cat /proc/self/uid_map | tr -s ' '"], uid=3, gid=3, groups=(3,)))
            self.assertEqual(e.wait(CREATED, FAILED).kind, CREATED)
            a = Attach(f"{self.launcher.state}/{c.id}/exec-u/attach", 4).ready()
            e.send(START)
            self.assertEqual(a.rest()[:3], (b"3\n 0 100000 65536\n", b"x\n", 0))
        self.kill(c)


class Agent:
    """Whoever is asked about the calls of a filter: answers each with an error number."""
    RECEIVE, SEND, SIZE = 0xC0502100, 0xC0182101, 80

    def __init__(self, path, errno):
        self.errno, self.messages, self.asked = errno, [], []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self.socket.bind(path)
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            data, fds, _, _ = socket.recv_fds(connection, 65536, 4)
            assert connection.recv(1) == b""
            self.messages.append(json.loads(data))
            for fd in fds:
                threading.Thread(target=self.answer, args=(fd,), daemon=True).start()

    def answer(self, fd):
        try:
            while True:
                notice = bytearray(self.SIZE)
                fcntl.ioctl(fd, self.RECEIVE, notice)
                identity, pid, _, number = struct.unpack_from("<QIIi", notice)
                self.asked.append((pid, number))
                fcntl.ioctl(fd, self.SEND, struct.pack("<QqiI", identity, 0, -self.errno, 0))
        except OSError:
            pass  # the last process with the filter is gone
        finally:
            os.close(fd)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def filter_asking(*numbers):
    return filter_denying(*numbers)[:-8] + struct.pack("<HBBI", 0x06, 0, 0, 0x7FC00000)


class Listening(Case):
    STATE = STATE_OF('{"id":"x",', ',"bundle":"/b"}')

    def setUp(self):
        super().setUp()
        self.path = self.launcher.tmp + "/agent.sock"
        self.mkdir = (34,) if os.uname().machine == "aarch64" else (83, 258)
        self.head = self.STATE + LISTENER(self.path, '{"fds":["seccompFd"],"metadata":"m","pid":')

    def test_the_agent_is_asked_and_its_answer_counts(self):
        for nnp in (True, False):
            agent = Agent(self.path, 28)
            program = filter_asking(*self.mkdir)
            where = {"seccomp": program, "sflags": 8} if nnp else {"extra": SECCOMP(program, 8)}
            out, err, code = self.run_it("sh", "-c", "mkdir /d; echo on", head=self.head, nnp=nnp, **where)
            self.assertEqual((out, code), ("on\n", 0))
            self.assertIn("No space left", err)
            self.assertEqual([m["fds"] for m in agent.messages], [["seccompFd"]])
            told = agent.messages[0]
            self.assertEqual((told["metadata"], told["state"]["id"], told["state"]["status"], told["state"]["pid"]), ("m", "x", "created", told["pid"]))
            self.assertEqual(len(agent.asked), 1)
            agent.close()
            os.unlink(self.path)

    def test_calls_before_execve_may_be_asked_about_too(self):
        setgroups = 159 if os.uname().machine == "aarch64" else 116
        agent = Agent(self.path, 1)
        plan = self.launcher.plan("early", ["true"], head=self.head, extra=SECCOMP(filter_asking(setgroups), 8), nnp=False)
        with self.launcher.connect() as c:
            c.send(CREATE, plan)
            c.wait(CREATED)
            failed = c.call(START)
            self.assertEqual((failed.kind, failed.code, failed.errno), (FAILED, 42, 1))
            c.wait(EXITED)
            c.id = "early"
            self.launcher.gone(c)
        self.assertEqual([n for _, n in agent.asked], [setgroups])
        agent.close()
        os.unlink(self.path)

    def test_a_session_is_asked_about_with_its_own_pid(self):
        agent = Agent(self.path, 28)
        c = self.started("sleep", "100", head=self.head, seccomp=filter_asking(*self.mkdir), sflags=8)
        e = self.launcher.control(c.id)
        e.send(EXEC, ID("s1") + STDIO(2) + self.head + SETNS_INIT(ALL & ~USER) + tail(["sh", "-c", "mkdir /e"], seccomp=filter_asking(*self.mkdir), sflags=8))
        reply = e.wait(CREATED, FAILED)
        self.assertEqual(reply.kind, CREATED, reply)
        a = Attach(f"{self.launcher.state}/{c.id}/exec-s1/attach", 4).ready()
        e.send(START)
        self.assertIn(b"No space left", a.rest()[1])
        told = until(lambda: len(agent.messages) == 2 and agent.messages[1])
        self.assertEqual((told["pid"], told["state"]["pid"], told["state"]["status"]), (reply.pid, c.reply.pid, "running"))
        self.kill(c)
        agent.close()
        os.unlink(self.path)

    def test_nobody_listens(self):
        c = self.created("true", head=self.head, seccomp=filter_asking(*self.mkdir), sflags=8)
        failed = c.call(START)
        self.assertEqual((failed.kind, failed.code, failed.errno), (FAILED, 5, 2))
        self.assertIn(self.path, failed.text)
        c.wait(EXITED)
        self.launcher.gone(c)

    def test_a_listener_needs_its_operations(self):
        for head in (b"", self.STATE, LISTENER(self.path)):
            self.refused(22, self.launcher.plan("alone", ["true"], head=head, seccomp=filter_asking(1), sflags=8))


class Attacks(Case):
    """The rows of security.md that live here."""

    def test_row_1_binary_cannot_be_rewritten(self):
        with open(BINARY, "rb") as f:
            before = hashlib.sha256(f.read()).digest()
        c = self.started("sh", "-c", "for e in /proc/*/exe; do echo x >> $e; done; exec sleep 100", init=True)
        shim = c.reply.shim
        self.assertIn("memfd:gantry-launcher", os.readlink(f"/proc/{shim}/exe"))
        with self.assertRaises(OSError):
            open(f"/proc/{shim}/exe", "r+b")
        self.kill(c)
        with open(BINARY, "rb") as f:
            self.assertEqual(hashlib.sha256(f.read()).digest(), before)
        script = self.launcher.rootfs + "/bin/evil"
        with open(script, "w") as f:
            f.write("#!/proc/self/exe\n")
        os.chmod(script, 0o755)
        try:
            self.run_it("/bin/evil")
        except LaunchFailed:
            pass
        with open(BINARY, "rb") as f:
            self.assertEqual(hashlib.sha256(f.read()).digest(), before)

    def test_row_2_no_descriptor_leaks(self):
        fds = [os.open("/", os.O_RDONLY) for _ in range(20)]
        try:
            self.assertEqual(self.sh("ls /proc/self/fd | wc -l").strip(), "4")  # 0 1 2 and ls's own
            for n in (3, 4, 5, 7, 8, 9, 12, 20):
                c = self.launcher.create(["true"], cwd=f"/proc/self/fd/{n}", fds=fds)
                self.assertEqual((c.reply.kind, c.reply.code), (FAILED, 41), n)
        finally:
            for fd in fds:
                os.close(fd)

    def test_row_3_null_is_a_trap(self):
        os.symlink("/proc/sys/kernel/core_pattern", self.launcher.rootfs + "/etc/null")
        before = open("/proc/sys/kernel/core_pattern").read()
        self.sh("cat /proc/keys; echo x > /proc/keys; echo x > /proc/timer_list")
        os.unlink(self.launcher.rootfs + "/etc/null")
        self.assertEqual(open("/proc/sys/kernel/core_pattern").read(), before)

    def test_row_4_terminal_paths_are_traps(self):
        more = SYMLINK("/etc/canary", "/dev/console")
        id = self.launcher.name()
        plan = self.launcher.plan(id, ["true"], tty=True, more=more).replace(TTY(24, 80), TTY(24, 80, 1))
        self.refused(40, plan)
        self.assertFalse(os.path.exists("/etc/canary") or os.path.exists(self.upper_of(plan) + "/etc/canary"))

    def upper_of(self, plan):
        return re.search(re.escape(self.launcher.tmp) + r"/tmp\w+/u", plan.decode("latin1")).group()

    def test_row_4_devpts_is_not_devpts(self):
        id = self.launcher.name()
        plan = self.launcher.plan(id, ["true"], tty=True)
        devpts = MOUNT("devpts", "/dev/pts", "devpts", set=NOSUID | NOEXEC, options=[("newinstance", ""), ("ptmxmode", "0666"), ("mode", "0620"), ("gid", "5")])
        self.refused(19, plan.replace(devpts, MKDIR("/dev/pts") + MKNOD("/dev/pts/ptmx", 0o020666, 5, 2)))

    def test_row_5_proc_is_a_symlink(self):
        b = self.launcher.layer()
        os.symlink("/etc", b + "/u/proc")
        self.refused(40, self.launcher.plan("p", ["true"], root=OVERLAY([b + "/u", self.launcher.rootfs])))

    def test_row_5_volume_over_proc(self):
        for where in ("/proc", "/proc/sys", "/proc/self"):
            self.refused(1, self.launcher.plan("v", ["true"], more=MOUNT("bind", where, "/tmp")))
        self.assertEqual(self.run_it("true", more=MOUNT("bind", "/proc/uptime", "/etc/hostname"))[2], 0)

    def test_row_6_symlinks_stay_inside(self):
        b, canary = self.launcher.layer(), self.launcher.tmp + "/canary"
        os.makedirs(canary, exist_ok=True)
        os.symlink(canary, b + "/u/abs")
        os.symlink("../../../../../../../../.." + canary, b + "/u/rel")
        for link in ("abs", "rel"):
            up = self.launcher.layer()
            plan = self.launcher.plan("s", ["true"], root=OVERLAY([b + "/u", self.launcher.rootfs], up + "/u", up + "/w"), more=MKDIR(f"/{link}/made"))
            with self.launcher.connect() as c:
                c.id = "s"
                c.send(CREATE, plan)
                if c.wait(CREATED, FAILED).kind == CREATED:
                    self.kill(c)
        self.assertEqual(os.listdir(canary), [])

    def test_row_6_racing_renames(self):
        rootfs, canary = self.launcher.tmp + "/race", self.launcher.tmp + "/canary2"
        subprocess.run(["cp", "-a", self.launcher.rootfs, rootfs], check=True)
        os.makedirs(canary)
        os.makedirs(rootfs + "/vol")
        os.symlink("../../../../../../../../.." + canary, rootfs + "/link")
        stop = threading.Event()
        import ctypes
        libc = ctypes.CDLL(None)

        def racer():
            a, b = (rootfs + "/vol").encode(), (rootfs + "/link").encode()
            while not stop.is_set():
                for _ in range(50):
                    libc.syscall(316, -100, a, -100, b, 2)  # renameat2 RENAME_EXCHANGE

        thread = threading.Thread(target=racer)
        thread.start()
        try:
            for i in range(int(os.environ.get("RACES", "150"))):
                id = self.launcher.name()
                with self.launcher.connect() as c:
                    c.id = id
                    c.send(CREATE, self.launcher.plan(id, ["true"], root=ROOT_BIND(rootfs), wait=False, more=MOUNT("tmpfs", f"/vol/m{i}/x", "tmpfs") + MKDIR(f"/vol/d{i}")))
                    if c.wait(CREATED, FAILED).kind == CREATED:
                        c.wait(EXITED)
                        self.launcher.gone(c)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(os.listdir(canary), [])

    def test_row_7_a_plan_without_private_mounts_is_refused(self):
        for bad in (PROPAGATION(1 << 20), PROPAGATION(PRIVATE, 0), b""):
            plan = self.launcher.plan("m", ["true"])
            self.refused(22, plan.replace(PROPAGATION(), bad))

    def test_row_11_group_denied_file(self):
        path = self.launcher.rootfs + "/etc/secret"
        open(path, "w").write("s")
        os.chown(path, 0, 50)
        os.chmod(path, 0o604)  # everybody but group 50
        self.assertNotEqual(self.run_it("cat", "/etc/secret", uid=9, gid=50, groups=(50,))[2], 0)
        self.assertNotEqual(self.run_it("cat", "/etc/secret", uid=9, gid=9, groups=(9, 50))[2], 0)
        os.unlink(path)

    def test_row_14_no_terminal_of_the_host(self):
        self.assertEqual(self.sh("exec 2>&1; echo x > /dev/tty || echo none").splitlines()[-1], "none")

    def test_row_15_keyrings(self):
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        self.assertGreaterEqual(libc.syscall(250, 1, None), 0)  # keyctl JOIN_SESSION_KEYRING: this test's own, which its launcher inherits
        self.assertGreaterEqual(libc.syscall(248, b"user", b"gantry-canary", b"x", 1, -3), 0)
        mine = Launcher(BINARY)
        subprocess.run(["gcc", "-static", "-O1", "-o", mine.rootfs + "/bin/probe", os.path.dirname(os.path.abspath(__file__)) + "/../c/probe.c"], check=True)
        out = subprocess.run([mine.rootfs + "/bin/probe", "gantry-canary"], capture_output=True, text=True).stdout
        self.assertEqual(out, "found\n")
        self.assertEqual(mine.run(["probe", "gantry-canary"])[0], "Required key not available\n")
        c = mine.create(["sleep", "100"])
        c.call(START)
        e = Connection(f"{mine.state}/{c.id}/ctl")
        e.send(EXEC, ID("k") + STDIO(2) + SETNS_INIT(ALL) + tail(["probe", "gantry-canary"]))
        e.wait(CREATED)
        a = Attach(f"{mine.state}/{c.id}/exec-k/attach", 4).ready()
        e.send(START)
        self.assertEqual(a.rest()[0], b"Required key not available\n")
        c.call(DELETE)
        c.wait(EXITED)
        mine.gone(c)
        mine.close()

    def test_row_16_the_full_mask_list(self):
        out = self.sh("for p in " + " ".join(MASKED) + "; do [ -e $p ] || continue; if [ -d $p ]; then n=$(ls -A $p | wc -l); else n=$(head -c 100 $p | wc -c); fi; echo $p $n; done")
        self.assertGreater(len(out.splitlines()), 3)
        for line in out.splitlines():
            self.assertTrue(line.endswith(" 0"), line)

    def test_row_17_no_abstract_socket(self):
        c = self.started("sleep", "100", stdio=1)
        inodes = {os.readlink(f"/proc/{p}/fd/{f}") for p in (c.reply.shim, self.launcher.process.pid) for f in os.listdir(f"/proc/{p}/fd")}
        for line in open("/proc/net/unix").read().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[6]}]" in inodes and len(fields) > 7:
                self.assertFalse(fields[7].startswith("@"), line)
        self.kill(c)

    def test_row_31_hostile_requests(self):
        import random
        rng = random.Random(5)
        good = self.launcher.plan("fuzz", ["true"], wait=False)
        for i in range(int(os.environ.get("MUTATIONS", "300"))):
            bad = bytearray(good)
            for _ in range(rng.randint(1, 8)):
                bad[rng.randrange(len(bad))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            if rng.random() < 0.3:
                bad = bad[:rng.randrange(len(bad))]
            # only what the parser refuses: a mutated path must not be tried on this machine
            with self.launcher.connect() as c:
                c.send(CREATE, bytes(bad) + b"\x33")
                self.assertEqual(c.wait(FAILED, CREATED).kind, FAILED)
        self.assertIsNone(self.launcher.process.poll())

    def test_row_31_hostile_headers(self):
        for header in (struct.pack("<IHHII", MAGIC, 1, 1, 1, 0xFFFFFFFF), struct.pack("<IHHII", MAGIC, 1, 9, 1, 0), struct.pack("<IHHII", 0, 1, 1, 1, 0),
                       struct.pack("<IHHII", MAGIC, 1, 1, 1, 4) + b"too much", b"short", struct.pack("<IHHII", MAGIC, 99, 1, 1, 0)):
            c = self.launcher.connect()
            c.socket.send(header)
            self.assertEqual(c.wait(FAILED).kind, FAILED)
            c.close()
        self.assertEqual(self.run_it("true")[2], 0)


if __name__ == "__main__":
    if len(sys.argv) > 1 and os.path.exists(sys.argv[1]):
        BINARY = sys.argv.pop(1)
    unittest.main(warnings="ignore")
