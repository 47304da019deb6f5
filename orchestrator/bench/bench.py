#!/usr/bin/env python3
"""How fast Gantry is, as ratios against the peers that are installed (crun, runc, podman).

Installs nothing. Alternates Gantry and each peer, run by run, on this machine, and prints medians and
ratios. Needs root and busybox-static; Gantry's services are started if none answer.

    orchestrator/bench/bench.py [--runs N] [--only cycle,parts,oci,cli,many,memory] [--json FILE]
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve()
REPO = HERE.parents[2]
sys.path.insert(0, str(REPO / "bus" / "examples"))
GANTRY = str(REPO / "gantry")
GANTRY_OCI = str(REPO / "gantry-oci")
CONTROLLERS = pathlib.Path("/sys/fs/cgroup/unified/cgroup.controllers")
NULL = None


def coax_peers():
    """crun refuses a hybrid host whose cgroup2 has a controller: hide it, in a mount namespace of ours."""
    if os.environ.get("GANTRY_BENCH_INSIDE"):
        return
    os.environ["GANTRY_BENCH_INSIDE"] = "1"
    if CONTROLLERS.exists() and CONTROLLERS.read_text().strip():
        empty = tempfile.NamedTemporaryFile(delete=False)
        script = f'mount --bind {empty.name} {CONTROLLERS} && rm {empty.name} && exec "$@"'
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, str(HERE), *sys.argv[1:]])


def run(*words, **more):
    return subprocess.run(words, check=True, stdin=NULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **more)


def timed(action):
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def alternate(runs, *contestants):
    """Times each contestant in turn, `runs` times after one warm-up; milliseconds."""
    for action in contestants:
        action()
    times = [[] for _ in contestants]
    for _ in range(runs):
        for column, action in zip(times, contestants):
            column.append(timed(action))
    return times


class Report:
    def __init__(self):
        self.rows = []

    def ratio(self, what, gantry, peer_name, peer):
        pairs = [g / p for g, p in zip(gantry, peer)]
        row = dict(what=what, gantry_ms=statistics.median(gantry), peer=peer_name, peer_ms=statistics.median(peer),
                   ratio=statistics.median(pairs), low=min(pairs), high=max(pairs), runs=len(pairs))
        self.rows.append(row)
        print(f"{what:44} gantry {row['gantry_ms']:8.1f} ms   {peer_name:7} {row['peer_ms']:8.1f} ms   "
              f"ratio {row['ratio']:.2f} ({row['low']:.2f}..{row['high']:.2f}, n={row['runs']})", flush=True)

    def figure(self, what, value, unit):
        self.rows.append(dict(what=what, value=value, unit=unit))
        print(f"{what:44} {value:8.1f} {unit}", flush=True)


def spec():
    return dict(image="bench-busybox", command=["/bin/true"], network="none", waitAttach=False, autoRemove=True)


def cycle_over_bus(bus):
    created = bus.call("container.v1", {"operation": "run", "spec": spec()})
    bus.call("container.v1", {"operation": "wait", "container": created["id"], "timeoutMillis": 30000})
    # autoRemove: who waits is answered when everything has been given back


def make_rootfs(where):
    (where / "bin").mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), where / "bin" / "busybox")
    for tool in ("sh", "true", "sleep"):
        os.symlink("busybox", where / "bin" / tool)
    for directory in ("proc", "sys", "dev", "tmp", "etc"):
        (where / directory).mkdir()


def make_bundle(where, rootfs):
    where.mkdir()
    run("crun", "spec", cwd=where)
    config = json.loads((where / "config.json").read_text())
    config["root"] = dict(path=str(rootfs), readonly=False)
    config["process"].update(args=["/bin/true"], terminal=False)
    config["process"].pop("rlimits", None)
    (where / "config.json").write_text(json.dumps(config))


def cycle(report, bus, runs, scratch):
    bundle = bundle_with(scratch, "bundle", "/bin/true")
    count = iter(range(10 ** 6))
    for peer in ("crun", "runc"):
        if shutil.which(peer):
            peer_run = lambda: run(peer, "run", f"bench{next(count)}", cwd=bundle)
            gantry, other = alternate(runs, lambda: cycle_over_bus(bus), peer_run)
            report.ratio("create+start+exit+delete, over the bus", gantry, peer, other)


def parts_over_bus(bus):
    created = bus.call("container.v1", {"operation": "create", "spec": dict(spec(), command=["/bin/sleep", "1000"], autoRemove=False)})
    bus.call("container.v1", {"operation": "start", "container": created["id"]})
    bus.call("container.v1", {"operation": "remove", "container": created["id"], "force": True})


def bundle_with(scratch, name, *args):
    """A bundle of a name, whose command is `args`; made once."""
    bundle = scratch / name
    if not bundle.exists():
        make_bundle(bundle, scratch / "rootfs")
        config = json.loads((bundle / "config.json").read_text())
        config["process"]["args"] = list(args)
        (bundle / "config.json").write_text(json.dumps(config))
    return bundle


def parts(report, bus, runs, scratch):
    """Three requests against three commands: what a caller of an OCI runtime asks for, with a command that lives on."""
    bundle = bundle_with(scratch, "sleeper", "/bin/sleep", "1000")
    count = iter(range(2 * 10 ** 6, 3 * 10 ** 6))
    for peer in ("crun", "runc"):
        if shutil.which(peer):
            def of_peer():
                name = f"bench{next(count)}"
                # its container keeps the standard error that it was made with
                subprocess.run([peer, "create", name], check=True, stdin=NULL, stdout=NULL, stderr=NULL, cwd=bundle)
                run(peer, "start", name, cwd=bundle)
                run(peer, "delete", "-f", name, cwd=bundle)
            gantry, other = alternate(runs, lambda: parts_over_bus(bus), of_peer)
            report.ratio("create, start, delete -f, over the bus", gantry, peer, other)


def oci(report, runs, scratch):
    """The same bundle by gantry-oci and by a peer."""
    bundle = bundle_with(scratch, "bundle", "/bin/true")
    count = iter(range(3 * 10 ** 6, 4 * 10 ** 6))
    run(GANTRY_OCI, "run", f"warm{next(count)}", cwd=bundle)
    for peer in ("runc", "crun"):
        if shutil.which(peer):
            gantry, other = alternate(
                runs,
                lambda: run(GANTRY_OCI, "run", f"bench{next(count)}", cwd=bundle),
                lambda: run(peer, "run", f"bench{next(count)}", cwd=bundle))
            report.ratio("gantry-oci run", gantry, peer, other)


PODMAN = ["podman", "--cgroup-manager=cgroupfs"]
PODMAN_RUN = [*PODMAN, "run", "--rm", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"]


def command_line(report, runs, scratch):
    if not shutil.which("podman"):
        return
    run("sh", "-c", f"tar -C {scratch}/rootfs -c . | podman import - localhost/bench-busybox")
    for network, peer_network in (("gantry0", "podman"), ("none", "none")):
        gantry, podman = alternate(
            runs,
            lambda: run(GANTRY, "run", "--rm", "--network", network, "bench-busybox", "/bin/true"),
            lambda: run(*PODMAN_RUN, "--network", peer_network, "localhost/bench-busybox", "/bin/true"))
        report.ratio(f"run --rm, network {peer_network}", gantry, "podman", podman)


def many(report, bus_factory, scratch):
    import concurrent.futures
    if not shutil.which("crun"):
        return
    count = iter(range(10 ** 6, 2 * 10 ** 6))
    bundle = bundle_with(scratch, "bundle", "/bin/true")

    def crun(_=None):
        run("crun", "run", f"bench{next(count)}", cwd=bundle)

    for at_once in (1, 8):
        here = threading.local()  # a connection is for one thread

        def connect():
            here.bus = bus_factory()

        with concurrent.futures.ThreadPoolExecutor(at_once, initializer=connect) as pool:
            def through(action):
                return lambda: list(pool.map(action, range(200)))
            gantry = [timed(through(lambda i: cycle_over_bus(here.bus)))]
            peer = [timed(through(crun))]
        report.ratio(f"200 containers, {at_once} at a time", gantry, "crun", peer)


def pss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def memory(report, bus):
    services = json.loads(subprocess.run([GANTRY, "services", "--json"], check=True, capture_output=True, text=True).stdout)
    total = 0
    for name, service in services.items():
        pss = pss_kb(service["pid"])
        total += pss
        report.figure(f"PSS of {name}, idle", pss / 1024, "MB")
    report.figure("PSS of all services, idle", total / 1024, "MB")
    ids = [bus.call("container.v1", {"operation": "run", "spec": dict(spec(), command=["/bin/sleep", "1000"])})["id"] for _ in range(10)]
    shims = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent_of_sleep(pid)]
    extra = [pss_kb(pid) for pid in shims]
    report.figure("PSS per running container, beyond its own", statistics.mean(extra) / 1024 if extra else 0, "MB")
    for container in ids:
        bus.call("container.v1", {"operation": "remove", "container": container, "force": True})


def parent_of_sleep(pid):
    """Whether a process is a shim of one of our sleepers."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        shim = "gantry" in pathlib.Path(f"/proc/{pid}/comm").read_text()
        return shim and any(b"sleep" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes() for c in children)
    except OSError:
        return False


def tell_if_cold():
    """Services that run in another mount namespace take no command from this one: it would be measured in a JVM of its own."""
    services = json.loads(subprocess.run([GANTRY, "services", "--json"], check=True, capture_output=True, text=True).stdout)
    pid = services["cli"]["pid"]
    if os.readlink(f"/proc/{pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"):
        print("bench: the services were started in another mount namespace: gantry down first, or the command line is measured cold",
              file=sys.stderr)


def main():
    global NULL
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", default="cycle,parts,oci,cli,many,memory")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    coax_peers()
    from gantry_bus import Bus
    # Some peers chown their standard input: it must not be the host's /dev/null.
    NULL = open(os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR), "rb")
    wanted = options.only.split(",")
    run(GANTRY, "up")
    tell_if_cold()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as name:
        scratch = pathlib.Path(name)
        os.chmod(scratch, 0o755)
        make_rootfs(scratch / "rootfs")
        run(GANTRY, "import", str(scratch / "rootfs"), "bench-busybox")
        bus = Bus()
        try:
            if "memory" in wanted:
                memory(report, bus)
            if "cycle" in wanted and shutil.which("crun"):
                cycle(report, bus, options.runs, scratch)
            if "parts" in wanted and shutil.which("crun"):
                parts(report, bus, options.runs, scratch)
            if "oci" in wanted and shutil.which("crun"):
                oci(report, options.runs, scratch)
            if "cli" in wanted:
                command_line(report, max(5, options.runs // 2), scratch)
            if "many" in wanted:
                many(report, Bus, scratch)
        finally:
            if "cli" in wanted and shutil.which("podman"):
                subprocess.run([*PODMAN, "rmi", "-f", "localhost/bench-busybox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            run(GANTRY, "image", "rm", "bench-busybox")
    if options.json:
        options.json.write_text(json.dumps(report.rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
