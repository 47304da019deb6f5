#!/usr/bin/env python3
"""How fast images come in, as ratios against podman: pull from a registry on loopback, load of an archive.

Installs nothing but the Debian tree of orchestrator/src/test/bases (made once, several layers, 440 MB unpacked). Alternates
Gantry and podman, run by run; each begins without the image; removing it is not timed. Needs root, podman, skopeo and
docker-registry. Both have storage of their own on the same disk, which goes at the end.

    orchestrator/bench/images.py [--runs N] [--only pull,load,load-oci] [--layout DIR:NAME]
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
REPO = HERE.parents[2]
CONTROLLERS = pathlib.Path("/sys/fs/cgroup/unified/cgroup.controllers")


def coax_podman():
    """podman takes a hybrid host for a cgroup2 one where that mount has a controller: hide it, in a mount namespace of ours."""
    if os.environ.get("GANTRY_BENCH_INSIDE"):
        return
    os.environ["GANTRY_BENCH_INSIDE"] = "1"
    empty = tempfile.NamedTemporaryFile(delete=False)
    script = f'[ ! -e {CONTROLLERS} ] || mount --bind {empty.name} {CONTROLLERS}; rm {empty.name}; exec "$@"'
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", sys.executable, str(HERE),
                          *sys.argv[1:]])


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def timed(*words):
    begin = time.perf_counter()
    run(*words)
    return (time.perf_counter() - begin) * 1000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, work, runs):
        self.work, self.runs = work, runs
        self.gantry = [str(REPO / "gantry"), "--root", str(work / "gantry")]
        self.podman = ["podman", "--root", str(work / "root"), "--runroot", str(work / "runroot"), "--tmpdir", str(work / "tmp"),
                       "--cgroup-manager=cgroupfs", "--events-backend=none"]

    def compare(self, what, image, gantry, podman):
        def one(tool, words):
            took = timed(*tool, *words)
            run(*tool, "rmi", "-f", image)
            return took
        one(self.gantry, gantry), one(self.podman, podman)  # warm
        pairs = [(one(self.gantry, gantry), one(self.podman, podman)) for _ in range(self.runs)]
        ratios = [g / p for g, p in pairs]
        print(f"{what:34} gantry {statistics.median(g for g, _ in pairs):8.0f} ms   podman "
              f"{statistics.median(p for _, p in pairs):8.0f} ms   ratio {statistics.median(ratios):.2f} "
              f"({min(ratios):.2f}..{max(ratios):.2f}, n={len(pairs)})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="pull,load,load-oci")
    parser.add_argument("--layout", help="an image layout instead of the Debian tree, DIR:NAME")
    options = parser.parse_args()
    coax_podman()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was begun is taken down
    layout = options.layout or run(str(REPO / "orchestrator/src/test/bases/debian"), "layout").strip() + ":debian:bookworm"
    work = pathlib.Path(tempfile.mkdtemp(prefix="gantry-bench-", dir="/var/tmp"))
    work.chmod(0o711)
    registry = None
    bench = Bench(work, options.runs)
    try:
        host = f"127.0.0.1:{free_port()}"
        (work / "gantry/state").mkdir(parents=True)
        (work / "gantry/state/registries.json").write_text(json.dumps({"registries": {host: {"insecure": "http"}}}))
        config = {"version": "0.1", "log": {"level": "error"}, "storage": {"filesystem": {"rootdirectory": str(work / "registry")}},
                  "http": {"addr": host}}
        (work / "registry.yml").write_text(json.dumps(config))
        registry = subprocess.Popen(["docker-registry", "serve", str(work / "registry.yml")], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        run("sh", "-c", f"for i in $(seq 100); do ss -Hltn 'sport = :{host.split(':')[1]}' | grep -q . && exit; sleep 0.1; done; exit 1")
        image = f"{host}/debian:bookworm"
        run("skopeo", "copy", "-q", "--dest-tls-verify=false", f"oci:{layout}", f"docker://{image}")
        run(*bench.gantry, "up")
        for what in options.only.split(","):
            if what == "pull":
                bench.compare("pull from a loopback registry", image, ["pull", "-q", image],
                              ["pull", "-q", "--tls-verify=false", image])
            else:
                kind = {"load": "docker-archive", "load-oci": "oci-archive"}[what]
                file = work / kind
                run("skopeo", "copy", "-q", f"oci:{layout}", f"{kind}:{file}:localhost/debian:bookworm")
                bench.compare(f"load of a {kind}", "localhost/debian:bookworm", ["load", "-q", "-i", str(file)],
                              ["load", "-q", "-i", str(file)])
                file.unlink()
    finally:
        if registry:
            registry.terminate()
            registry.wait()
        subprocess.run([*bench.gantry, "down", "--all"], stdin=subprocess.DEVNULL)
        subprocess.run(["umount", "-R", str(work / "root/overlay")], stderr=subprocess.DEVNULL)
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
