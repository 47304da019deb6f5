#!/usr/bin/env python3
"""Times the loading of an image of several layers by Gantry and by Podman in turn, and weighs storage-svc while it unpacks 1 GB.

    storage-svc/bench/load.py [--runs N] [--no-memory] [LAYOUT]

LAYOUT is an OCI image layout directory; without it, Debian 12 in four layers is made once (orchestrator/src/test/bases/debian). Both
engines get a new storage below /var/tmp for each run; all go at the end, for ext4 is slow to give inodes that were freed a moment
ago. Podman writes back nothing; Gantry waits until what it was given is on the disk. Root; built project (mvn package); Debian's podman.
"""

import argparse, os, random, shutil, statistics, subprocess, sys, tarfile, tempfile, threading, time, io
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return done.stdout


class Gantry:
    name = "gantry"

    def __init__(self, work):
        self.root = Path(tempfile.mkdtemp(prefix="g.", dir=work))
        os.chmod(self.root, 0o711)
        self.do("up")
        self.pid = next(
            int(p.name) for p in Path("/proc").glob("[0-9]*") if f"dev.gantry.storage.Main\0--run\0{self.root}/run" in cmdline(p))

    def do(self, *arguments):
        return run(TOP / "gantry", "--root", self.root, *arguments)

    def load(self, layout):
        self.do("import", layout, "bench")

    def cpu(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.do("down", "--all")



class Podman:
    name = "podman"

    def __init__(self, work):
        self.root = Path(tempfile.mkdtemp(prefix="p.", dir=work))
        empty = work / "empty"
        empty.write_text("")
        self.command = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            f"mount --bind {empty} /sys/fs/cgroup/unified/cgroup.controllers 2> /dev/null; exec podman --root {self.root}/root "
            f"--runroot {self.root}/run --tmpdir {self.root}/tmp --cgroup-manager=cgroupfs --events-backend=file \"$@\"", "podman"]

    def load(self, layout):
        run(*self.command, "load", "-q", "-i", layout)

    def cpu(self):
        usage = os.times()
        return usage.children_user + usage.children_system

    def end(self):
        subprocess.run(["umount", "-R", self.root / "root/overlay"], stderr=subprocess.DEVNULL)


def cmdline(process):
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


def timed(make, work, layout):
    engine = make(work)
    try:
        cpu, start = engine.cpu(), time.monotonic()
        engine.load(layout)
        took = time.monotonic() - start
        return took, engine.cpu() - cpu
    finally:
        engine.end()


def memory(gantry, work):
    """Peak of PSS and RSS, MB, while 1 GB is unpacked."""
    archive = work / "big.tar"
    generator = random.Random(1)
    with tarfile.open(archive, "w") as tar:
        for i in range(1024):
            info = tarfile.TarInfo(f"d{i % 16}/f{i}")
            info.size = 1 << 20
            tar.addfile(info, io.BytesIO(generator.randbytes(16 << 10) * 64))
    run("gzip", "-1", archive)
    peak, end = [0, 0], threading.Event()

    def watch():
        while not end.is_set():
            lines = dict(l.split(":") for l in Path(f"/proc/{gantry.pid}/smaps_rollup").read_text().splitlines()[1:])
            for i, key in enumerate(("Pss", "Rss")):
                peak[i] = max(peak[i], int(lines[key].split()[0]) // 1024)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    gantry.do("import", f"{archive}.gz", "big")
    end.set()
    watcher.join()
    return peak


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--no-memory", action="store_true")
    options.add_argument("layout", nargs="?")
    given = options.parse_args()
    layout = given.layout or run(TOP / "orchestrator/src/test/bases/debian", "layout").strip()
    work = Path(tempfile.mkdtemp(prefix="gl-", dir="/var/tmp"))
    os.chmod(work, 0o711)
    engines = [Gantry, Podman]
    results = {engine.name: [] for engine in engines}
    try:
        for _ in range(given.runs):
            for engine in engines:
                results[engine.name].append(timed(engine, work, layout))
        for name, all in results.items():
            took, spent = zip(*all)
            print(f"{name:8} {statistics.median(took):6.2f} s wall, {statistics.median(spent):6.2f} s of processor, "
                  f"{min(took):.2f} to {max(took):.2f} s")
        pairs = [g[0] / p[0] for g, p in zip(results["gantry"], results["podman"])]
        print(f"ratio    {statistics.median(pairs):6.2f} (median of {len(pairs)} pairs)")
        if not given.no_memory:
            gantry = Gantry(work)
            try:
                pss, rss = memory(gantry, work)
            finally:
                gantry.end()
            print(f"storage-svc while it unpacks 1 GB: at most {pss} MB PSS, {rss} MB RSS")
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
