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
                        + "mount -t overlay -o "
                        + String.join(",", rootfs.options())
                        + ",lowerdir="
                        + String.join(":", rootfs.lowerdirs())
                        + ",upperdir="
                        + rootfs.upperdir()
                        + ",workdir="
                        + rootfs.workdir()
                        + " overlay $root; ";
        return Shell.run("unshare", "-m", "--propagation", "private", "sh", "-c", mount + script);
    }
}
