package dev.gantry.storage.archive;

import static dev.gantry.storage.kernel.StorageKernel.O_NOCTTY;
import static dev.gantry.storage.kernel.StorageKernel.O_NOFOLLOW;
import static dev.gantry.storage.kernel.StorageKernel.O_NONBLOCK;
import static dev.gantry.storage.kernel.StorageKernel.O_RDONLY;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes a tree as a layer: names in order, hard links kept, nothing followed, other file systems
 * left out. In a container's upper directory overlayfs' marks become whiteouts (layer.md).
 */
public final class TreePacker {
    private static final int MAX_DEPTH = 250;

    /** The first name of each is remembered: this bounds the heap. */
    private static final int MAX_LINKS = 200_000;

    private static final SortedMap<String, byte[]> NO_XATTRS = new TreeMap<>();

    private final StorageKernel kernel;
    private final TarWriter tar;
    private final boolean upper;
    private final long device;
    private final Map<Long, String> links = new HashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final byte[] buffer = new byte[128 * 1024];

    private TreePacker(Directory root, OutputStream out, boolean upper, long latest) {
        this.kernel = root.kernel();
        this.tar = new TarWriter(out, latest);
        this.upper = upper;
        this.device = root.stat().dev();
    }

    /**
     * Writes the tree below a directory.
     *
     * @param upper whether it is overlayfs' upper directory
     * @return what was left out
     */
    public static List<String> pack(Directory root, OutputStream out, boolean upper)
            throws IOException {
        return pack(root, out, upper, Long.MAX_VALUE);
    }

    /** The same; nothing is younger than {@code latest}, in seconds since the Unix epoch. */
    public static List<String> pack(Directory root, OutputStream out, boolean upper, long latest)
            throws IOException {
        var packer = new TreePacker(root, out, upper, latest);
        packer.node(root, ".", "", root.stat());
        packer.children(root, "", 0);
        packer.tar.end();
        return List.copyOf(packer.notes);
    }

    /**
     * Writes a directory of a stack of layers, as they are seen together.
     *
     * @return whether there is such a directory; otherwise nothing is written
     */
    public static boolean pack(LayerStack stack, String directory, OutputStream out)
            throws IOException {
        var packer = new TreePacker[1];
        boolean there =
                stack.walk(
                        directory,
                        (in, name, path, stat) -> {
                            if (packer[0] == null) {
                                packer[0] = new TreePacker(in, out, false, Long.MAX_VALUE);
                            }
                            packer[0].node(in, name, path, stat);
                        });
        if (there) {
            packer[0].tar.end();
        }
        return there;
    }

    private void children(Directory directory, String path, int depth) throws IOException {
        if (depth > MAX_DEPTH) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED, "%s is more than %d deep", path, MAX_DEPTH);
        }
        for (var name : directory.names()) {
            var child = path.isEmpty() ? name : path + "/" + name;
            var stat = directory.stat(name);
            if (stat.isEmpty()) {
                throw changed(child);
            }
            if (name.startsWith(LayerUnpacker.WHITEOUT)) {
                throw FaultException.invalid(
                        "%s would be read as a whiteout", Names.quote(Raw.text(child)));
            }
            node(directory, name, child, stat.get());
            if (stat.get().isDirectory()) {
                descend(directory, name, child, depth);
            }
        }
    }

    private void descend(Directory directory, String name, String path, int depth)
            throws IOException {
        try (var in = directory.descend(name)) {
            if (in.stat().dev() != device) {
                notes.add("/" + Raw.text(path) + " is another file system, its content left out");
                return;
            }
            if (upper && LayerStack.isOpaque(in)) {
                mark(path + "/" + LayerUnpacker.OPAQUE, in.stat());
            }
            children(in, path, depth + 1);
        }
    }

    private void node(Directory in, String name, String path, FileStat stat) throws IOException {
        switch (stat.type()) {
            case FileStat.REGULAR -> file(in, name, path, stat);
            case FileStat.DIRECTORY ->
                    tar.header(
                            entry(path.isEmpty() ? "." : path, stat)
                                    .with(TarEntry.Type.DIRECTORY, "", attributes(in, name)));
            case FileStat.SYMLINK -> {
                var target = kernel.readlinkat(in.fd(), name).orThrow("readlinkat %s", in.at(name));
                tar.header(entry(path, stat).with(TarEntry.Type.SYMLINK, target, NO_XATTRS));
            }
            case FileStat.FIFO ->
                    tar.header(entry(path, stat).with(TarEntry.Type.FIFO, "", NO_XATTRS));
            case FileStat.SOCKET -> notes.add("socket /" + Raw.text(path) + " was left out");
            case FileStat.CHARACTER, FileStat.BLOCK -> device(path, stat);
            default -> throw FaultException.invalid("%s has no known type", in.at(name));
        }
    }

    private void device(String path, FileStat stat) throws IOException {
        if (upper && stat.isWhiteout()) {
            int slash = path.lastIndexOf('/') + 1;
            mark(path.substring(0, slash) + LayerUnpacker.WHITEOUT + path.substring(slash), stat);
        } else if (path.startsWith("dev/")) {
            notes.add("device node /" + Raw.text(path) + " was left out");
        } else {
            throw FaultException.invalid(
                    "%s is a device node outside /dev", Names.quote("/" + Raw.text(path)));
        }
    }

    private void mark(String path, FileStat stat) throws IOException {
        tar.header(entry(path, stat).with(TarEntry.Type.FILE, "", NO_XATTRS).sized(0));
    }

    private void file(Directory in, String name, String path, FileStat stat) throws IOException {
        if (stat.links() > 1) {
            var first = links.putIfAbsent(stat.inode(), path);
            if (links.size() > MAX_LINKS) {
                throw FaultException.of(
                        FaultCode.RESOURCE_EXHAUSTED,
                        "more than %d files with several names",
                        MAX_LINKS);
            }
            if (first != null) {
                tar.header(entry(path, stat).with(TarEntry.Type.HARDLINK, first, NO_XATTRS));
                return;
            }
        }
        tar.header(entry(path, stat).with(TarEntry.Type.FILE, "", attributes(in, name)));
        int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
        int fd =
                (int)
                        kernel.openat2(in.fd(), name, flags, 0, Directory.BENEATH)
                                .orThrow("openat2 %s", in.at(name));
        try {
            content(fd, path, stat);
        } finally {
            kernel.close(fd);
        }
    }

    private void content(int fd, String path, FileStat stat) throws IOException {
        // What was looked at may have been exchanged before it was opened.
        var opened = kernel.statx(fd, "").orThrow("statx /%s", path);
        if (opened.inode() != stat.inode() || opened.dev() != stat.dev()) {
            throw changed(path);
        }
        for (long left = stat.size(); left > 0; ) {
            int wanted = (int) Math.min(buffer.length, left);
            int count = (int) kernel.read(fd, buffer, 0, wanted).orThrow("read /%s", path);
            if (count == 0) {
                throw changed(path);
            }
            tar.data(buffer, count);
            left -= count;
        }
        tar.endData(stat.size());
    }

    private static FaultException changed(String path) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION, "/%s changed while it was read", Raw.text(path));
    }

    /** File capabilities and users' attributes; overlayfs' own mean nothing elsewhere. */
    public static SortedMap<String, byte[]> attributes(Directory in, String name) {
        var kernel = in.kernel();
        var names = kernel.llistxattr(in.fd(), name);
        if (names.result().errno() == Errno.EOPNOTSUPP) {
            return NO_XATTRS;
        }
        var found = new TreeMap<String, byte[]>();
        for (var attribute : names.orThrow("listxattr %s", in.at(name))) {
            boolean kept = attribute.equals("security.capability") || attribute.startsWith("user.");
            if (kept && !attribute.startsWith("user.overlay.")) {
                found.put(
                        attribute,
                        kernel.lgetxattr(in.fd(), name, attribute)
                                .orThrow("getxattr %s %s", in.at(name), attribute));
            }
        }
        return found;
    }

    private static TarEntry entry(String path, FileStat stat) {
        return new TarEntry(
                Objects.requireNonNull(path),
                TarEntry.Type.FILE,
                "",
                stat.permissions(),
                Integer.toUnsignedLong(stat.uid()),
                Integer.toUnsignedLong(stat.gid()),
                stat.isRegular() ? stat.size() : 0,
                stat.mtimeSeconds(),
                0,
                0,
                0,
                NO_XATTRS);
    }
}
