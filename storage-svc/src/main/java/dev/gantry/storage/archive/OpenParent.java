package dev.gantry.storage.archive;

import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.util.Optional;
import java.util.function.Function;

/**
 * The directory in which the next entry goes, open: entries of one directory mostly follow each
 * other, so the last one is kept.
 */
final class OpenParent implements AutoCloseable {
    private final StorageKernel kernel;
    private final Directory root;
    private final Function<String, Optional<FileStat>> below;
    private Optional<Directory> parent = Optional.empty();
    private String parentPath = "";

    OpenParent(Directory root, Function<String, Optional<FileStat>> below) {
        this.kernel = root.kernel();
        this.root = root;
        this.below = below;
    }

    /** The open parent of an entry; parents that the archive does not list are made. */
    Directory of(EntryPath path) {
        var wanted = path.parent();
        if (parent.isPresent() && parentPath.equals(wanted)) {
            return parent.get();
        }
        parent.ifPresent(Directory::close);
        parent = Optional.empty();
        var found = root.find(wanted);
        if (found.isEmpty()) {
            make(path);
            found = Optional.of(root.descend(wanted));
        }
        parent = found;
        parentPath = wanted;
        return found.get();
    }

    private void make(EntryPath path) {
        var made = new StringBuilder();
        for (var component : path.components().subList(0, path.components().size() - 1)) {
            try (var in = root.descend(made.toString())) {
                made.append(made.isEmpty() ? "" : "/").append(component);
                var existing = in.stat(component);
                if (existing.isEmpty()) {
                    kernel.mkdirat(in.fd(), component, 0755).orThrow("mkdirat /%s", made);
                    implied(in.fd(), component, made.toString());
                } else if (!existing.get().isDirectory()) {
                    throw LayerUnpacker.refuse(
                            path, "lies below " + Raw.text("/" + made) + ", not a directory");
                }
            }
        }
    }

    /** A directory that the archive does not list is as in the layers below, or root's and 0755. */
    void implied(int fd, String name, String path) {
        var like = below.apply(path);
        kernel.fchownat(
                        fd,
                        name,
                        like.map(stat -> Integer.toUnsignedLong(stat.uid())).orElse(0L),
                        like.map(stat -> Integer.toUnsignedLong(stat.gid())).orElse(0L))
                .orThrow("fchownat /%s", Raw.text(path));
        kernel.fchmodat(fd, name, like.map(FileStat::permissions).orElse(0755))
                .orThrow("fchmodat /%s", Raw.text(path));
    }

    @Override
    public void close() {
        parent.ifPresent(Directory::close);
        parent = Optional.empty();
    }
}
