#!/usr/bin/env python3
"""build_bench.py [--runs N] [--root DIR]: times builds by Gantry and by Debian's buildah in turn, on the same base, and
prints medians and the median of the pairs' ratios: a build of 20 steps of which every one is cached (buildah with
--layers), and the same build without a cache. Needs root, buildah and busybox-static; what it makes lies in a directory
of its own, which it removes, and in the instance of Gantry below --root, which it starts and ends."""
import argparse, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = """FROM box
ARG VERSION=1
ENV ONE=1
ENV TWO=2
WORKDIR /app
COPY a.txt .
RUN echo one > /one
RUN echo two > /two
COPY tree /app/tree
RUN mkdir -p /a/b/c && echo three > /a/b/c/three
LABEL one=1
LABEL two=2
RUN echo $VERSION > /version
RUN echo four > /four
COPY b.txt /b.txt
EXPOSE 80
VOLUME /data
USER 1000
RUN id -u > /tmp/id
CMD ["cat", "/one"]
"""


def quiet(words, environment=None):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout.strip()


def timed(action):
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def report(what, ours, theirs):
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    print(f"{what}: gantry {statistics.median(ours):.0f} ms, buildah {statistics.median(theirs):.0f} ms, "
          f"ratio {ratio:.2f} (of {len(ours)} pairs)")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--root", type=pathlib.Path)
    options = parser.parse_args()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="gantry-build-bench.", dir="/var/tmp"))
    scratch.chmod(0o711)
    gantry = [TOP / "gantry", "--root", options.root or scratch / "gantry"]
    buildah = ["buildah", "--root", scratch / "storage", "--runroot", scratch / "run", "--storage-driver", "overlay"]
    environment = dict(os.environ, BUILDAH_ISOLATION="chroot", TMPDIR=str(scratch))
    try:
        root = scratch / "base"
        for directory in ["bin", "etc", "tmp"]:
            (root / directory).mkdir(parents=True)
        (root / "tmp").chmod(0o1777)
        shutil.copy("/bin/busybox", root / "bin/busybox")
        for applet in ["sh", "cat", "echo", "mkdir", "id"]:
            (root / "bin" / applet).symlink_to("busybox")
        container = quiet([*buildah, "from", "scratch"], environment)
        quiet([*buildah, "add", container, root, "/"], environment)
        quiet([*buildah, "commit", container, "box"], environment)
        quiet([*buildah, "rm", container], environment)
        quiet([*buildah, "push", "box", f"oci:{scratch / 'box'}:box"], environment)
        quiet([*gantry, "import", scratch / "box", "box"])
        context = scratch / "context"
        (context / "tree").mkdir(parents=True)
        for i in range(50):
            (context / "tree" / str(i)).write_text(f"{i}\n" * 100)
        (context / "a.txt").write_text("a\n")
        (context / "b.txt").write_text("b\n")
        (context / "Dockerfile").write_text(DOCKERFILE)
        ours = lambda *more: quiet([*gantry, "build", "-q", "-t", "bench", *more, context])
        theirs = lambda *more: quiet([*buildah, "bud", "-q", "--layers", "--pull-never", "-t", "bench", *more, context], environment)
        for what, more, runs in [("20 steps, all cached", (), options.runs), ("20 steps, none cached", ("--no-cache",), max(3, options.runs // 5))]:
            ours(*more), theirs(*more)
            pairs = [(timed(lambda: ours(*more)), timed(lambda: theirs(*more))) for _ in range(runs)]
            report(what, [a for a, _ in pairs], [b for _, b in pairs])
    finally:
        if not options.root:
            subprocess.run([str(w) for w in [*gantry, "down", "--all"]], stderr=subprocess.DEVNULL)
        subprocess.run(["umount", "-R", str(scratch / "storage/overlay")], stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--one-file-system", str(scratch)])


if __name__ == "__main__":
    main()
