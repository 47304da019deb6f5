#!/usr/bin/env python3
"""compare.py --scratch DIR [--only NAME] -- GANTRY…: builds every Dockerfile of this directory with Debian's buildah
and with Gantry, on the same base, and compares file trees (path, type, mode, owner, size, content, link target; no
times) and configurations. Then runs some of the images that Gantry built under podman's storage. Prints a JSON object:
a list of differences for each; needs root, buildah and busybox-static. Everything that it makes lies below DIR."""
import argparse, concurrent.futures, hashlib, json, os, pathlib, shutil, stat, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
# Made in every container for its mounts; buildah leaves some of them behind in the image, and Gantry none.
STUBS = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc", "/sys", "/dev", "/run/.containerenv", "/run/secrets"}
# Above them; buildah leaves these too in an image that has nothing but them there.
ABOVE_STUBS = {"/etc", "/run"}
FIELDS = ["User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Labels", "ExposedPorts", "Volumes", "StopSignal",
          "OnBuild", "Shell", "Healthcheck"]


def run(words, **more):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=300, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


class Buildah:
    def __init__(self, scratch):
        self.words = ["buildah", "--root", scratch / "storage", "--runroot", scratch / "run", "--storage-driver", "vfs"]
        self.environment = dict(os.environ, BUILDAH_ISOLATION="chroot", TMPDIR=str(scratch))

    def __call__(self, *words):
        return run([*self.words, *words], env=self.environment)

    def tree(self, image):
        container = self("from", "--pull-never", image)
        found = listing(self("mount", container))
        self("rm", container)
        return found

    def config(self, image):
        return json.loads(self("inspect", "--type", "image", image))["Docker"]["config"]


def listing(root):
    """What stands at each path."""
    found = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            at = os.lstat(path)
            kind = stat.S_IFMT(at.st_mode)
            line = [oct(at.st_mode), at.st_uid, at.st_gid]
            if kind == stat.S_IFREG:
                line += [at.st_size, hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:16]]
                try:
                    line.append(os.getxattr(path, "security.capability").hex())
                except OSError:
                    pass
            elif kind == stat.S_IFLNK:
                line.append(os.readlink(path))
            found["/" + os.path.relpath(path, root)] = line
    return found


def base(scratch):
    """A root with busybox and what people expect in one."""
    root = scratch / "base"
    for directory in ["bin", "etc", "home", "opt", "root", "run", "usr/share/doc/x", "var"]:
        (root / directory).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for applet in run(["/bin/busybox", "--list"]).split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\napp:x:1001:\n")
    (root / "etc/motd").write_text("hello\n")
    (root / "usr/share/doc/x/y").write_text("documentation\n")
    (root / "var/run").symlink_to("/run")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    return root


def compare(name, buildah, gantry, scratch, layout):
    context = scratch / name
    shutil.copytree(HERE / name, context, symlinks=True)
    if (context / "setup").exists():
        run(["sh", "-e", "setup"], cwd=context)
    arguments = []
    if (context / "args").exists():
        arguments = [a.replace("CONTEXT", str(context)) for a in (context / "args").read_text().split("\n") if a]
    for left_out in ["setup", "args", "podman"]:
        (context / left_out).unlink(missing_ok=True)
    image = "corpus-" + name
    buildah("bud", "--format", "docker", "--pull-never", "-t", "theirs-" + name, *arguments, context)
    run([*gantry, "build", "-q", "-t", image, *arguments, context])
    pulled = buildah("pull", f"oci:{layout}:{image}:latest").splitlines()[-1]
    ours, theirs = (buildah.tree(i) for i in (pulled, "localhost/theirs-" + name))
    differences = [f"{p}: gantry {ours.get(p)}, buildah {theirs.get(p)}" for p in sorted(ours.keys() | theirs.keys())
                   if p not in STUBS and ours.get(p) != theirs.get(p) and not (p in ABOVE_STUBS and p not in ours)]
    one, other = (plain(buildah.config(i)) for i in (pulled, "localhost/theirs-" + name))
    differences += [f"config {f}: gantry {one.get(f)}, buildah {other.get(f)}" for f in FIELDS if one.get(f) != other.get(f)]
    return differences


def outcome(*arguments):
    try:
        return compare(*arguments)
    except RuntimeError as failure:
        return str(failure).splitlines()


def plain(config):
    """Without what is empty, and without buildah's own label."""
    (config.get("Labels") or {}).pop("io.buildah.version", None)
    if isinstance(config.get("Env"), list):
        config["Env"] = sorted(config["Env"])
    return {k: v for k, v in config.items() if v}


def podman(name, layout, scratch):
    """Runs what Gantry built; the file podman holds the arguments, and what is to be printed after an empty line."""
    asked, expected = (HERE / name / "podman").read_text().split("\n\n", 1)
    short = tempfile.mkdtemp(prefix="pod.", dir="/var/tmp")  # podman takes no long one
    root = scratch / "podman" / name  # whose database remembers the runroot
    words = ["podman", "--root", root, "--runroot", short + "/run", "--tmpdir", short + "/tmp",
             "--cgroup-manager=cgroupfs", "--events-backend=file"]
    try:
        image = run([*words, "pull", "-q", f"oci:{layout}:corpus-{name}:latest"])
        printed = run([*words, "run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit",
                       "nproc=4096:4096", image, *asked.split("\n")])
    except RuntimeError as failure:
        return str(failure).splitlines()
    finally:
        for group in pathlib.Path("/sys/fs/cgroup").glob("*/libpod_parent"):  # podman leaves it
            for directory in [*group.glob("*"), group]:
                if directory.is_dir():
                    try:
                        directory.rmdir()
                    except OSError:
                        pass
        subprocess.run(["umount", "-R", root / "overlay"], stderr=subprocess.DEVNULL)
        shutil.rmtree(short, ignore_errors=True)
    return [] if printed == expected.strip() else [f"printed {printed!r}, expected {expected!r}"]


def private():
    """Mounts of its own; there Podman takes a hybrid host for what it is."""
    if os.environ.get("PRIVATE_MOUNTS"):
        return
    script = ('[ ! -e "$0" ] || mount --bind "$(mktemp)" "$0"; exec "$@"')
    controllers = "/sys/fs/cgroup/unified/cgroup.controllers"
    os.environ["PRIVATE_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, controllers,
                          sys.executable, str(pathlib.Path(__file__).resolve()), *sys.argv[1:]])


def main():
    private()
    parser = argparse.ArgumentParser()
    parser.add_argument("--scratch", required=True, type=pathlib.Path)
    parser.add_argument("--layout", required=True, type=pathlib.Path, help="storage-svc's directory of the instance")
    parser.add_argument("--only")
    parser.add_argument("gantry", nargs="+")
    parser.add_argument("--podman", action="store_true", help="run images under podman too, on a mount namespace of its own")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    buildah = Buildah(options.scratch)
    container = buildah("from", "scratch")
    buildah("add", container, base(options.scratch), "/")
    buildah("commit", container, "box")
    buildah("rm", container)
    buildah("push", "box", f"oci:{options.scratch / 'box'}:box")
    run([*options.gantry, "import", options.scratch / "box", "box"])
    names = sorted(p.name for p in HERE.iterdir() if (p / "Dockerfile").exists() and options.only in (None, p.name))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda n: outcome(n, buildah, options.gantry, options.scratch, options.layout), names)
        results = dict(zip(names, results))
    if options.podman:
        results.update({"podman " + n: podman(n, options.layout, options.scratch) for n in names if (HERE / n / "podman").exists()})
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
