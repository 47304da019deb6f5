package dev.gantry.storage;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.storage.archive.StackCopy;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.StorageKernel;

import java.nio.file.Path;
import java.util.List;

/**
 * Roots that are copies of an image, {@code root}, for file systems on which overlayfs cannot
 * write. Blocks are shared where the file system can.
 */
final class CopiedRoots implements RootDriver {
    static final String ROOT = "root";

    private final StorageKernel kernel;
    private final Images images;

    CopiedRoots(StorageKernel kernel, Images images) {
        this.kernel = kernel;
        this.images = images;
    }

    @Override
    public String name() {
        return "native";
    }

    @Override
    public boolean copies() {
        return true;
    }

    @Override
    public void fill(Steps steps, Directory in, StoredImage image, FileStat root, Path path) {
        var target = path.resolve(ROOT);
        steps.run(
                "mkdir",
                target + " 0700",
                "install -d -m 0700 " + Steps.quote(target.toString()),
                () -> kernel.mkdirat(in.fd(), ROOT, 0700));
        steps.run(
                "copy",
                image.layers().size() + " layers of " + image.digest() + " to " + target,
                copyCommand(images.layers().lowerdirs(image.layers()), target),
                () -> {
                    try (var to = in.descend(ROOT);
                            var stack = images.layers().stack(image.layers())) {
                        StackCopy.copy(stack, to);
                    }
                    return new SyscallResult(0, 0);
                });
    }

    /** Layer by layer; what whiteouts of a later one hide is removed first. */
    static String copyCommand(List<String> lowerdirs, Path target) {
        var to = Steps.quote(target.toString());
        var command = new StringBuilder();
        for (var lower : lowerdirs.reversed()) {
            var from = Steps.quote(lower);
            command.append(command.isEmpty() ? "" : " && ")
                    .append("(cd ")
                    .append(from)
                    .append(" && find . -type c -exec rm -rf ")
                    .append(to)
                    .append("/{} \\;) && cp -a --reflink=auto ")
                    .append(from)
                    .append("/. ")
                    .append(to)
                    .append("/ && find ")
                    .append(to)
                    .append(" -type c -delete");
        }
        return command.toString();
    }

    @Override
    public void imagesChanged() {}

    /** What namespace-svc mounts: a bind of the root. */
    static Rootfs rootfs(Path snapshot) {
        return new Rootfs(List.of(), snapshot.resolve(ROOT).toString(), "", List.of());
    }
}
