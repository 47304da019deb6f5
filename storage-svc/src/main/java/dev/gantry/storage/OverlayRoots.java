package dev.gantry.storage;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.StorageKernel;

import java.nio.file.Path;
import java.util.List;

/** Roots that overlayfs merges: {@code upper} and {@code work}. */
final class OverlayRoots implements RootDriver {
    static final String UPPER = "upper";
    static final String WORK = "work";

    private final StorageKernel kernel;

    OverlayRoots(StorageKernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public String name() {
        return "overlay";
    }

    @Override
    public boolean copies() {
        return false;
    }

    /** The root of the merged tree has the mode and the owner of {@code upper}. */
    @Override
    public void fill(Steps steps, Directory in, StoredImage image, FileStat root, Path path) {
        var upper = path.resolve(UPPER);
        var shell = Steps.quote(upper.toString());
        var work = path.resolve(WORK);
        steps.run(
                "mkdir",
                String.format("%s %04o", upper, root.permissions()),
                String.format("install -d -m %04o %s", root.permissions(), shell),
                () -> {
                    var made = kernel.mkdirat(in.fd(), UPPER, 0700);
                    return made.failed()
                            ? made
                            : kernel.fchmodat(in.fd(), UPPER, root.permissions());
                });
        long uid = Integer.toUnsignedLong(root.uid());
        long gid = Integer.toUnsignedLong(root.gid());
        steps.run(
                "chown",
                upper + " " + uid + ":" + gid,
                "chown " + uid + ":" + gid + " " + shell,
                () -> kernel.fchownat(in.fd(), UPPER, uid, gid));
        steps.run(
                "mkdir",
                work + " 0700",
                "install -d -m 0700 " + Steps.quote(work.toString()),
                () -> kernel.mkdirat(in.fd(), WORK, 0700));
    }

    @Override
    public void imagesChanged() {}

    /** What namespace-svc mounts. */
    static Rootfs rootfs(Path snapshot, List<String> lowerdirs) {
        return new Rootfs(
                lowerdirs,
                snapshot.resolve(UPPER).toString(),
                snapshot.resolve(WORK).toString(),
                List.of("userxattr"));
    }
}
