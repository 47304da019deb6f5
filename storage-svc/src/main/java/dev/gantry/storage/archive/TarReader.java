package dev.gantry.storage.archive;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Raw;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Reads tar archives (POSIX ustar and pax, GNU) that a stranger wrote: names and attributes are
 * bytes, extension headers are bounded, and what two readers could understand in two ways is
 * refused. Sparse files are read in all of GNU tar's forms. (commons-compress decodes pax values to
 * text, which destroys {@code security.capability}, and reads a GNU long name of any length into
 * memory.)
 */
public final class TarReader {
    private static final int MAX_EXTENSION = 1 << 20;
    private static final int MAX_EXTENSIONS_IN_A_ROW = 16;

    private final InputStream in;
    private final PaxRecords global = new PaxRecords();
    private Iterator<SparseMap.Extent> extents = Collections.emptyIterator();
    private SparseMap.Extent extent = new SparseMap.Extent(0, 0);
    private long position;
    private long remaining;
    private int padding;

    /** Reads from a decompressed stream. */
    public TarReader(InputStream in) {
        this.in = in;
    }

    /** The next entry; what is left of the last one's data is skipped. */
    public Optional<TarEntry> next() throws IOException {
        skipData();
        var pax = new PaxRecords();
        String longName = null;
        String longLink = null;
        for (int extensions = 0; ; extensions++) {
            var block = in.readNBytes(TarHeader.BLOCK);
            if (block.length == 0 && extensions == 0) {
                return Optional.empty();
            }
            if (block.length < TarHeader.BLOCK) {
                throw new EOFException("tar: cut within a header");
            }
            var header = new TarHeader(block);
            if (header.isZero()) {
                if (extensions > 0) {
                    throw FaultException.invalid("tar: ends after an extension header");
                }
                return Optional.empty();
            }
            header.checkSum();
            if (extensions > MAX_EXTENSIONS_IN_A_ROW) {
                throw FaultException.invalid(
                        "tar: more than %d extension headers in a row", MAX_EXTENSIONS_IN_A_ROW);
            }
            switch (header.type()) {
                case 'x' -> pax.parse(extension(header));
                case 'g' -> global.parse(extension(header));
                case 'L' -> longName = untilNul(extension(header));
                case 'K' -> longLink = untilNul(extension(header));
                default -> {
                    return Optional.of(entry(header, pax, longName, longLink));
                }
            }
        }
    }

    private TarEntry entry(TarHeader header, PaxRecords pax, String longName, String longLink)
            throws IOException {
        if (global.sparse()) {
            throw FaultException.invalid("tar: a global header makes all files sparse");
        }
        if (longName != null && (pax.path().isPresent() || pax.sparseName().isPresent())
                || longLink != null && pax.linkPath().isPresent()) {
            throw FaultException.invalid(
                    "tar: both a pax and a GNU header name the entry %s",
                    Names.quote(Raw.text(longName == null ? longLink : longName)));
        }
        var name =
                pax.sparseName()
                        .or(pax::path)
                        .or(() -> Optional.ofNullable(longName))
                        .or(global::path)
                        .orElseGet(header::name);
        var link =
                pax.linkPath()
                        .or(() -> Optional.ofNullable(longLink))
                        .or(global::linkPath)
                        .orElseGet(header::link);
        var type = type(header, name);
        long size =
                type == TarEntry.Type.FILE
                        ? pax.number("size").or(() -> global.number("size")).orElseGet(header::size)
                        : 0;
        if (size < 0) {
            throw FaultException.invalid("tar: %s has size %d", Names.quote(Raw.text(name)), size);
        }
        var map = content(header, pax, type, name, size);
        remaining = map.extents().stream().mapToLong(SparseMap.Extent::length).sum();
        padding = (int) (-size & TarHeader.BLOCK - 1);
        extents = map.extents().iterator();
        extent = new SparseMap.Extent(0, 0);
        position = 0;
        var xattrs = new TreeMap<>(global.xattrs());
        xattrs.putAll(pax.xattrs());
        var mtime = pax.mtime().or(global::mtime);
        return new TarEntry(
                name,
                type,
                link,
                header.mode(),
                id(pax.number("uid").or(() -> global.number("uid")).orElseGet(header::uid)),
                id(pax.number("gid").or(() -> global.number("gid")).orElseGet(header::gid)),
                map.size(),
                mtime.map(PaxRecords.Time::seconds).orElseGet(header::mtime),
                mtime.map(PaxRecords.Time::nanos).orElse(0),
                header.deviceMajor(),
                header.deviceMinor(),
                xattrs);
    }

    /** Which bytes of the file follow; a map that stands before them is read. */
    private SparseMap content(
            TarHeader header, PaxRecords pax, TarEntry.Type type, String name, long size)
            throws IOException {
        boolean old = header.type() == 'S';
        if (!old && !pax.sparse()) {
            return SparseMap.whole(size);
        }
        if (type != TarEntry.Type.FILE || old && pax.sparse()) {
            throw SparseMap.refused(name, "is there twice, or is not of a file");
        }
        return old ? SparseReader.old(in, name, header) : SparseReader.pax(in, name, pax, size);
    }

    private static TarEntry.Type type(TarHeader header, String name) {
        return switch (header.type()) {
            case '0', '\0', '7', 'S' ->
                    name.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
            case '1' -> TarEntry.Type.HARDLINK;
            case '2' -> TarEntry.Type.SYMLINK;
            case '3' -> TarEntry.Type.CHARACTER;
            case '4' -> TarEntry.Type.BLOCK;
            case '5' -> TarEntry.Type.DIRECTORY;
            case '6' -> TarEntry.Type.FIFO;
            default ->
                    throw FaultException.of(
                            FaultCode.UNSUPPORTED,
                            "tar: %s has type %s",
                            Names.quote(Raw.text(name)),
                            Names.quote(String.valueOf(header.type())));
        };
    }

    /** −1 as an id means "leave unchanged" to chown(2): never a file's owner. */
    private static long id(long id) {
        if (id < 0 || id >= 0xffffffffL) {
            throw FaultException.invalid("tar: %d is not a user or group id", id);
        }
        return id;
    }

    private byte[] extension(TarHeader header) throws IOException {
        long size = header.size();
        if (size < 0 || size > MAX_EXTENSION) {
            throw FaultException.invalid(
                    "tar: an extension header has %d bytes, at most %d are read",
                    size, MAX_EXTENSION);
        }
        var bytes = in.readNBytes((int) size);
        if (bytes.length < size) {
            throw new EOFException("tar: cut within an extension header");
        }
        in.skipNBytes(-size & TarHeader.BLOCK - 1);
        return bytes;
    }

    private static String untilNul(byte[] bytes) {
        var text = Raw.of(bytes);
        int nul = text.indexOf('\0');
        return nul < 0 ? text : text.substring(0, nul);
    }

    /** Reads data of the current entry, {@link #position} says where it belongs; −1 at its end. */
    public int read(byte[] buffer) throws IOException {
        if (remaining == 0) {
            return -1;
        }
        if (extent.length() == 0) {
            extent = extents.next();
        }
        position = extent.offset();
        int count = in.read(buffer, 0, (int) Math.min(buffer.length, extent.length()));
        if (count < 0) {
            throw new EOFException("tar: cut within a file");
        }
        extent = new SparseMap.Extent(extent.offset() + count, extent.length() - count);
        remaining -= count;
        return count;
    }

    /** Where in the file the bytes belong that were read last; what is never read is a hole. */
    public long position() {
        return position;
    }

    private void skipData() throws IOException {
        in.skipNBytes(remaining + padding);
        remaining = 0;
        padding = 0;
    }

    /** Reads to the end of the stream: what follows the archive counts for its digest. */
    public void drain() throws IOException {
        var buffer = new byte[64 * 1024];
        while (in.read(buffer) >= 0) {
            // Only the stream's own digest is of interest.
        }
    }
}
