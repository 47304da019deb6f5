package dev.gantry.storage.archive;

import static dev.gantry.storage.kernel.StorageKernel.AT_REMOVEDIR;
import static dev.gantry.storage.kernel.StorageKernel.O_CREAT;
import static dev.gantry.storage.kernel.StorageKernel.O_EXCL;
import static dev.gantry.storage.kernel.StorageKernel.O_NOFOLLOW;
import static dev.gantry.storage.kernel.StorageKernel.O_WRONLY;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * Unpacks a layer (image-spec layer.md) into a directory of its own, in the form in which overlayfs
 * takes it. Nobody else may write in that directory meanwhile. Every entry is made by its name
 * beneath an open parent; no link is ever followed (security.md row 20).
 */
public final class LayerUnpacker {
    /** Prefix of a name that hides one of the layers below. */
    static final String WHITEOUT = ".wh.";

    /** Name that hides all of a directory of the layers below. */
    static final String OPAQUE = ".wh..wh..opq";

    /** Names of AUFS's own, which mean nothing elsewhere. */
    private static final String AUFS = ".wh..wh.";

    /** overlayfs' mark of an opaque directory, where it is mounted with {@code userxattr}. */
    public static final String OPAQUE_XATTR = "user.overlay.opaque";

    private static final byte[] YES = "y".getBytes(StandardCharsets.US_ASCII);

    /** Each is remembered to the end, for its time: this bounds the heap. */
    private static final int MAX_DIRECTORIES = 100_000;

    private final StorageKernel kernel;
    private final Directory root;
    private final LayerLimits limits;
    private final OpenParent parents;
    private final EntryAttributes attributes;
    private final Notes notes = new Notes();
    private final Function<String, Optional<FileStat>> below;

    /** Directories and what the archive says of them: nothing of those that it only implies. */
    private final SequencedMap<String, Optional<TarEntry>> directories = new LinkedHashMap<>();

    private final byte[] buffer = new byte[128 * 1024];
    private long entries;
    private long bytes;
    private boolean opaqueRoot;

    private LayerUnpacker(
            Directory root, LayerLimits limits, Function<String, Optional<FileStat>> below) {
        this.kernel = root.kernel();
        this.root = root;
        this.limits = limits;
        this.below = below;
        this.parents = new OpenParent(root, path -> remember(path, Optional.empty()));
        this.attributes = new EntryAttributes(kernel, notes);
    }

    /**
     * What came of it.
     *
     * @param bytes of regular files
     * @param opaqueRoot whether the layer hides everything below it
     * @param notes what was left out
     */
    public record Report(long entries, long bytes, boolean opaqueRoot, List<String> notes) {}

    /**
     * Unpacks all of a decompressed archive.
     *
     * @param root empty, the caller's own
     * @param below what a directory (raw path) is in the layers below: a directory that the archive
     *     implies but does not list keeps that mode, owner and time. Asked only when all else is
     *     unpacked, so that those layers may be unpacked at the same time
     */
    public static Report unpack(
            InputStream tar,
            Directory root,
            LayerLimits limits,
            Function<String, Optional<FileStat>> below)
            throws IOException {
        var unpacker = new LayerUnpacker(root, limits, below);
        try {
            return unpacker.unpack(new TarReader(tar));
        } finally {
            unpacker.parents.close();
        }
    }

    private Report unpack(TarReader tar) throws IOException {
        directories.put("", Optional.empty());
        for (var next = tar.next(); next.isPresent(); next = tar.next()) {
            if (++entries > limits.maxEntries()) {
                throw FaultException.of(
                        FaultCode.RESOURCE_EXHAUSTED,
                        "layer: more than %d entries",
                        limits.maxEntries());
            }
            entry(next.get(), tar);
        }
        tar.drain();
        finishDirectories();
        return new Report(entries, bytes, opaqueRoot, notes.all());
    }

    private void entry(TarEntry entry, TarReader tar) throws IOException {
        var path = EntryPath.parse(entry.name(), limits.maxDepth());
        if (path.isRoot()) {
            if (entry.type() != TarEntry.Type.DIRECTORY) {
                throw refuse(path, "the root is not a directory");
            }
            directories.put("", Optional.of(entry));
            return;
        }
        for (var component : path.components().subList(0, path.components().size() - 1)) {
            if (component.startsWith(WHITEOUT)) {
                throw refuse(path, "lies below a whiteout");
            }
        }
        var in = parents.of(path);
        if (path.name().startsWith(WHITEOUT)) {
            whiteout(entry, path, in);
            return;
        }
        if (entry.type() == TarEntry.Type.CHARACTER || entry.type() == TarEntry.Type.BLOCK) {
            device(path);
            return;
        }
        boolean hidesBelow = clear(entry, path, in);
        switch (entry.type()) {
            case FILE -> file(entry, path, in, tar);
            case DIRECTORY -> directory(entry, path, in, hidesBelow);
            case SYMLINK -> symlink(entry, path, in);
            case HARDLINK -> hardlink(entry, path, in);
            case FIFO -> {
                kernel.mkfifoat(in.fd(), path.name(), 0600).orThrow("mkfifoat %s", path);
                attributes.set(entry, path, in);
            }
            case CHARACTER, BLOCK -> throw new IllegalStateException("refused above");
        }
    }

    /** storage-svc has no CAP_MKNOD. The launcher fills /dev; a device elsewhere is an attack. */
    private void device(EntryPath path) {
        if (!path.components().getFirst().equals("dev")) {
            throw refuse(path, "is a device node outside /dev");
        }
        notes.add("device node " + path + " was left out");
    }

    private void whiteout(TarEntry entry, EntryPath path, Directory in) {
        if (entry.type() != TarEntry.Type.FILE || entry.size() != 0) {
            throw refuse(path, "is a whiteout but not an empty file");
        }
        if (path.name().equals(OPAQUE)) {
            opaque(path.parent(), in);
            return;
        }
        if (path.name().startsWith(AUFS)) {
            return;
        }
        var hidden = path.name().substring(WHITEOUT.length());
        if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
            throw refuse(path, "hides no name");
        }
        var existing = in.stat(hidden);
        if (existing.isEmpty()) {
            kernel.whiteout(in.fd(), hidden).orThrow("mknodat %s 0:0", path);
        } else if (existing.get().isDirectory()) {
            // The layer brings the name anew: only what the layers below have of it is hidden.
            kernel.lsetxattr(in.fd(), hidden, OPAQUE_XATTR, YES)
                    .orThrow("setxattr %s %s", path, OPAQUE_XATTR);
        }
    }

    private void opaque(String directory, Directory in) {
        if (directory.isEmpty()) {
            // overlayfs does not look for the mark on the root of a layer.
            opaqueRoot = true;
            return;
        }
        kernel.lsetxattr(in.fd(), ".", OPAQUE_XATTR, YES)
                .orThrow("setxattr /%s %s", Raw.text(directory), OPAQUE_XATTR);
    }

    /**
     * Makes room for an entry: a later one replaces an earlier one of the same name. Returns
     * whether a whiteout stood there, that is, whether what lies below must stay hidden.
     */
    private boolean clear(TarEntry entry, EntryPath path, Directory in) {
        var found = in.stat(path.name());
        if (found.isEmpty()) {
            return false;
        }
        if (found.get().isDirectory()) {
            if (entry.type() == TarEntry.Type.DIRECTORY) {
                return false;
            }
            var removed = kernel.unlinkat(in.fd(), path.name(), AT_REMOVEDIR);
            if (removed.errno() == Errno.ENOTEMPTY) {
                throw refuse(path, "replaces a directory that is not empty");
            }
            removed.orThrow("unlinkat %s", path);
            directories.remove(String.join("/", path.components()));
            return false;
        }
        kernel.unlinkat(in.fd(), path.name(), 0).orThrow("unlinkat %s", path);
        return found.get().isWhiteout();
    }

    private void file(TarEntry entry, EntryPath path, Directory in, TarReader tar)
            throws IOException {
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
        int fd =
                (int)
                        kernel.openat2(in.fd(), path.name(), flags, 0600, Directory.BENEATH)
                                .orThrow("openat2 %s", path);
        try {
            long end = 0;
            for (int count = tar.read(buffer); count >= 0; count = tar.read(buffer)) {
                end = bounded(tar.position() + count, path);
                for (int at = 0; at < count; ) {
                    at +=
                            (int)
                                    kernel.pwrite(fd, buffer, at, count - at, tar.position() + at)
                                            .orThrow("pwrite %s", path);
                }
                bytes += count;
            }
            if (end < entry.size()) {
                kernel.ftruncate(fd, bounded(entry.size(), path))
                        .orThrow("ftruncate %s %d", path, entry.size());
            }
        } finally {
            kernel.close(fd);
        }
        attributes.set(entry, path, in);
    }

    /** A hole costs an archive nothing, but may cost who reads the file. */
    private long bounded(long size, EntryPath path) {
        if (size > limits.maxBytes()) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "layer: %s has more than %d bytes",
                    Names.quote(path.toString()),
                    limits.maxBytes());
        }
        return size;
    }

    private void directory(TarEntry entry, EntryPath path, Directory in, boolean hidesBelow) {
        var made = kernel.mkdirat(in.fd(), path.name(), 0700);
        if (made.errno() != Errno.EEXIST) {
            made.orThrow("mkdirat %s", path);
        }
        if (hidesBelow) {
            kernel.lsetxattr(in.fd(), path.name(), OPAQUE_XATTR, YES)
                    .orThrow("setxattr %s %s", path, OPAQUE_XATTR);
        }
        remember(String.join("/", path.components()), Optional.of(entry));
    }

    private void remember(String directory, Optional<TarEntry> entry) {
        directories.put(directory, entry);
        if (directories.size() > MAX_DIRECTORIES) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "layer: more than %d directories",
                    MAX_DIRECTORIES);
        }
    }

    private void symlink(TarEntry entry, EntryPath path, Directory in) {
        if (entry.link().isEmpty() || entry.link().indexOf('\0') >= 0) {
            throw refuse(path, "is a symbolic link to nowhere");
        }
        kernel.symlinkat(entry.link(), in.fd(), path.name()).orThrow("symlinkat %s", path);
        attributes.set(entry, path, in);
    }

    /** The target is looked up as strictly as the entry; it must be there already, and a file. */
    private void hardlink(TarEntry entry, EntryPath path, Directory in) {
        var target = EntryPath.parse(entry.link(), limits.maxDepth());
        if (target.isRoot()) {
            throw refuse(path, "is a hard link to the root");
        }
        try (var from = root.find(target.parent()).orElseThrow(() -> noTarget(path, target))) {
            var stat = from.stat(target.name()).orElseThrow(() -> noTarget(path, target));
            if (!stat.isRegular() && !stat.isSymlink()) {
                throw refuse(path, "is a hard link to " + target + ", which is not a file");
            }
            kernel.linkat(from.fd(), target.name(), in.fd(), path.name())
                    .orThrow("linkat %s to %s", target, path);
        }
    }

    private static FaultException noTarget(EntryPath path, EntryPath target) {
        return refuse(path, "is a hard link to " + target + ", which the layer does not have yet");
    }

    /** Times last, deepest first: making a file in a directory changes the directory's time. */
    private void finishDirectories() {
        for (var directory : directories.sequencedEntrySet().reversed()) {
            var path = EntryPath.parse(directory.getKey(), limits.maxDepth());
            try (var in = root.descend(directory.getKey())) {
                if (directory.getValue().isPresent()) {
                    attributes.setOpen(directory.getValue().get(), path, in);
                } else {
                    attributes.setImplied(below.apply(directory.getKey()), path, in);
                }
            }
        }
    }

    static FaultException refuse(EntryPath path, String why) {
        return FaultException.invalid("layer: %s %s", Names.quote(path.toString()), why);
    }
}
