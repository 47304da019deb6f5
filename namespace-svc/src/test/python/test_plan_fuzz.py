"""100,000 mutations of a plan through the parser under the address and undefined-behaviour sanitizers. Needs no root."""
import os
import subprocess
import tempfile
import unittest

import launcher_wire as wire

HERE = os.path.dirname(os.path.abspath(__file__))


def a_plan():
    w = wire
    return b"".join([
        w.ID("c1"), w.LOG("/var/log/x", 1 << 20, 3, 4), w.STDIO(3), w.STATE_OF(), w.CGROUP_WRITE("/sys/fs/cgroup/devices/x/devices.deny", "a"),
        w.CGROUPS([(1, "/sys/fs/cgroup/pids/x"), (2, "/sys/fs/cgroup/unified/x")]), w.NAMESPACES(w.ALL | w.USER | w.TIME), w.TIME_OFFSETS(), w.USERMAP([(0, 1, 2)], [(0, 1, 2)]),
        w.OOM_SCORE(5), w.PROPAGATION(), w.OVERLAY(["/a", "/b"], "/u", "/w", [("userxattr", ""), ("uuid", "on")]), w.mounts(),
        w.MOUNT("bind", "/d", "/s", "x/y", 1, 2, w.SLAVE, flags=95, deep=4, undeep=8, maps=[(0, 5, 9), (20, 30, 40)]), w.MKDIR("/q", flags=1), w.HOOK(0), w.HOOK(2), w.PIVOT(), w.MASK("/proc/keys"), w.READONLY("/proc/sys"),
        w.READONLY_ROOT(), w.HOSTNAME("h"), w.SYSCTL("net/ipv4/ip_forward", "1"), w.RLIMIT(7, 1, 2), w.LOOPBACK(), w.PERSONALITY(), w.SCHEDULER(),
        w.IO_PRIORITY(), w.LABEL("exec", "l"),
        w.tail(["sh", "-c", "x"], tty=True, groups=(1, 2, 3), seccomp=b"\6\0\0\0\0\0\xff\x7f" * 9, init=True), w.HOOK(4), w.HOOK(5)])


class PlanFuzz(unittest.TestCase):
    def test_mutations(self):
        with tempfile.TemporaryDirectory() as tmp:
            binary = tmp + "/plan_fuzz"
            subprocess.run(["gcc", "-std=gnu17", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
                            "-o", binary, HERE + "/../c/plan_fuzz.c", HERE + "/../../main/c/plan.c"], check=True)
            run = subprocess.run([binary, os.environ.get("MUTATIONS", "100000"), "20261124"], input=a_plan(), capture_output=True)
            self.assertEqual(run.returncode, 0, run.stderr.decode()[-3000:])


if __name__ == "__main__":
    unittest.main()
