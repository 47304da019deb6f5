package dev.gantry.storage.archive;

import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * The directory in which the next entry goes, open: entries of one directory mostly follow each
 * other, so the last one is kept.
 */
final class OpenParent implements AutoCloseable {
    private final StorageKernel kernel;
    private final Directory root;
    private final Consumer<String> implied;
    private Optional<Directory> parent = Optional.empty();
    private String parentPath = "";

    /**
     * Below a root.
     *
     * @param implied is told the paths of directories that were made although the archive did not
     *     list them
     */
    OpenParent(Directory root, Consumer<String> implied) {
        this.kernel = root.kernel();
        this.root = root;
        this.implied = implied;
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
                    kernel.mkdirat(in.fd(), component, 0700)
                            .orThrow("mkdirat /%s", Raw.text(made.toString()));
                    implied.accept(made.toString());
                } else if (!existing.get().isDirectory()) {
                    throw LayerUnpacker.refuse(
                            path, "lies below " + Raw.text("/" + made) + ", not a directory");
                }
            }
        }
    }

    @Override
    public void close() {
        parent.ifPresent(Directory::close);
        parent = Optional.empty();
    }
}
