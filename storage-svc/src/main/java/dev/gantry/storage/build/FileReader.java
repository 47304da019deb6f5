package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TreePacker;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.util.SortedMap;
import java.util.TreeMap;

/** Reads files of a source with the owners and modes that they will have. Counts what it reads. */
final class FileReader {
    private static final SortedMap<String, byte[]> NONE = new TreeMap<>();

    private final BuildFiles files;
    private final LayerLimits limits;
    private final byte[] buffer = new byte[128 * 1024];
    private long bytes;
    private long entries;

    FileReader(BuildFiles files, LayerLimits limits) {
        this.files = files;
        this.limits = limits;
    }

    /** Is given a file's content, in parts. */
    interface Content {
        void part(byte[] buffer, int length) throws IOException;
    }

    /** A file as an entry of that raw name; of a socket there is none. */
    TarEntry entry(Directory in, String name, String path, FileStat stat) {
        count(0);
        var type =
                switch (stat.type()) {
                    case FileStat.REGULAR -> TarEntry.Type.FILE;
                    case FileStat.DIRECTORY -> TarEntry.Type.DIRECTORY;
                    case FileStat.SYMLINK -> TarEntry.Type.SYMLINK;
                    case FileStat.FIFO -> TarEntry.Type.FIFO;
                    default ->
                            throw FaultException.of(
                                    FaultCode.UNSUPPORTED,
                                    "%s is a device or a socket",
                                    Names.quote(Raw.text(in.at(name))));
                };
        var link =
                type == TarEntry.Type.SYMLINK
                        ? in.kernel()
                                .readlinkat(in.fd(), name)
                                .orThrow("readlinkat %s", in.at(name))
                        : "";
        boolean plain = type == TarEntry.Type.FILE || type == TarEntry.Type.DIRECTORY;
        boolean context = files.source().filter(BuildFiles.Context.class::isInstance).isPresent();
        long uid = context ? 0 : Integer.toUnsignedLong(stat.uid());
        long gid = context ? 0 : Integer.toUnsignedLong(stat.gid());
        return new TarEntry(
                path,
                type,
                link,
                plain ? files.mode().orElse(stat.permissions()) : stat.permissions(),
                files.owner().map(BuildFiles.Owner::uid).orElse(uid),
                files.owner().map(BuildFiles.Owner::gid).orElse(gid),
                type == TarEntry.Type.FILE ? stat.size() : 0,
                stat.mtimeSeconds(),
                0,
                0,
                0,
                plain ? TreePacker.attributes(in, name) : NONE);
    }

    /** All of a regular file, which must have as many bytes as it had when it was looked at. */
    void read(Directory in, String name, long size, Content content) throws IOException {
        count(size);
        try (var file = in.file(name)) {
            long left = size;
            while (left > 0) {
                int n = file.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (n < 0) {
                    throw changed(in, name);
                }
                content.part(buffer, n);
                left -= n;
            }
            if (file.read() >= 0) {
                throw changed(in, name);
            }
        }
    }

    private static FaultException changed(Directory in, String name) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION, "%s changed while it was read", in.at(name));
    }

    /** Counts an entry and bytes of it against what a layer may have. */
    void count(long more) {
        bytes += more;
        if (++entries > limits.maxEntries() || bytes > limits.maxBytes()) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED,
                    "more than %d files or %d bytes",
                    limits.maxEntries(),
                    limits.maxBytes());
        }
    }
}
