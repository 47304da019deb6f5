package dev.gantry.storage.testing;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;

import java.io.IOException;

/** Mounts what storage-svc described, in a mount namespace that ends with the command. */
public final class MergedRoot {
    private MergedRoot() {}

    /** Output of a shell script run beside the mount, {@code $root} being where it is. */
    public static String run(Rootfs rootfs, String script)
            throws IOException, InterruptedException {
        var mount =
                "set -e; root=$(mktemp -d); trap 'umount -l $root; rmdir $root' EXIT; "
                        + (rootfs.lowerdirs().isEmpty()
                                ? "mount --bind " + rootfs.upperdir() + " $root; "
                                : overlay(rootfs));
        return Shell.run("unshare", "-m", "--propagation", "private", "sh", "-c", mount + script);
    }

    /** mount(8) takes no more options than a page holds; the kernel takes a layer at a time. */
    private static String overlay(Rootfs rootfs) {
        var script = new StringBuilder("python3 - $root << 'END'\n");
        script.append("import ctypes, os, sys\n");
        script.append("c = ctypes.CDLL(None, use_errno=True)\n");
        script.append("def ok(r):\n");
        script.append(
                "    if r < 0: raise OSError(ctypes.get_errno(),"
                        + " os.strerror(ctypes.get_errno()))\n");
        script.append("    return r\n");
        script.append("fs = ok(c.syscall(430, b'overlay', 0))\n");
        script.append("def put(k, v): ok(c.syscall(431, fs, 1, k.encode(), v.encode(), 0))\n");
        script.append("def flag(k): ok(c.syscall(431, fs, 0, k.encode(), None, 0))\n");
        rootfs.options().forEach(option -> script.append("flag('" + option + "')\n"));
        rootfs.lowerdirs().forEach(lower -> script.append("put('lowerdir+', '" + lower + "')\n"));
        if (!rootfs.upperdir().isEmpty()) {
            script.append("put('upperdir', '" + rootfs.upperdir() + "')\n");
            script.append("put('workdir', '" + rootfs.workdir() + "')\n");
        }
        script.append("ok(c.syscall(431, fs, 6, None, None, 0))\n");
        script.append("m = ok(c.syscall(432, fs, 0, 0))\n");
        script.append("ok(c.syscall(429, m, b'', -100, sys.argv[1].encode(), 4))\n");
        return script.append("END\n").toString();
    }
}
