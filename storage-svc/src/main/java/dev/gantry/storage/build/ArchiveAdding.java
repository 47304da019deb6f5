package dev.gantry.storage.build;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarReader;
import dev.gantry.storage.archive.TarWriter;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileInput;
import dev.gantry.storage.kernel.Raw;

import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Optional;

/** Adds what is in an archive, as ADD does. Its names are a stranger's (security.md row 20). */
final class ArchiveAdding {
    private static final int MAGIC_AT = 257;
    private static final byte[] MAGIC = {'u', 's', 't', 'a', 'r'};

    private final Placement placement;
    private final TarWriter tar;
    private final FileReader reader;
    private final Optional<BuildFiles.Owner> owner;
    private final byte[] buffer = new byte[128 * 1024];

    ArchiveAdding(
            Placement placement,
            TarWriter tar,
            FileReader reader,
            Optional<BuildFiles.Owner> owner) {
        this.placement = placement;
        this.tar = tar;
        this.reader = reader;
        this.owner = owner;
    }

    /** Whether a regular file is a tar archive, plain or packed. */
    static boolean isArchive(Directory in, String name) throws IOException {
        try (var file = in.file(name);
                var unpacked = unpacked(file)) {
            var head = unpacked.readNBytes(MAGIC_AT + MAGIC.length);
            return head.length == MAGIC_AT + MAGIC.length
                    && Arrays.equals(head, MAGIC_AT, head.length, MAGIC, 0, MAGIC.length);
        } catch (java.util.zip.ZipException | com.github.luben.zstd.ZstdIOException e) {
            return false; // the magic number of a packed file, and something else behind it
        }
    }

    private static InputStream unpacked(FileInput file) throws IOException {
        var head = file.readNBytes(8);
        var whole = new SequenceInputStream(new java.io.ByteArrayInputStream(head), file);
        return Compression.ofMagic(head).unpack(whole);
    }

    /** Adds all of an archive below a raw directory. */
    void add(Directory in, String name, String directory) throws IOException {
        try (var file = in.file(name);
                var unpacked = unpacked(file)) {
            placement.make(directory);
            var entries = new TarReader(unpacked);
            for (var next = entries.next(); next.isPresent(); next = entries.next()) {
                entry(next.get(), entries, directory);
            }
        }
    }

    private void entry(TarEntry entry, TarReader data, String directory) throws IOException {
        var path = clean(entry.name());
        boolean isFile = entry.type() == TarEntry.Type.FILE;
        reader.count(isFile ? entry.size() : 0);
        if (path.isEmpty()) {
            return; // the root of the archive is the directory, which has its own mode
        }
        var link =
                entry.type() == TarEntry.Type.HARDLINK
                        ? linked(Placement.join(directory, clean(entry.link())))
                        : entry.link();
        if (entry.type() == TarEntry.Type.CHARACTER || entry.type() == TarEntry.Type.BLOCK) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "%s is a device node",
                    Names.quote(Raw.text(entry.name())));
        }
        placement.put(
                new TarEntry(
                        Placement.join(directory, path),
                        entry.type(),
                        link,
                        entry.mode(),
                        owner.map(BuildFiles.Owner::uid).orElse(entry.uid()),
                        owner.map(BuildFiles.Owner::gid).orElse(entry.gid()),
                        isFile ? entry.size() : 0,
                        entry.mtimeSeconds(),
                        entry.mtimeNanos(),
                        0,
                        0,
                        entry.xattrs()));
        if (isFile) {
            content(entry, data);
        }
    }

    private String linked(String path) {
        int slash = path.lastIndexOf('/');
        return Placement.join(
                placement.directory(slash < 0 ? "" : path.substring(0, slash)),
                path.substring(slash + 1));
    }

    /** Holes of a sparse file are written as the zeros that they stand for. */
    private void content(TarEntry entry, TarReader data) throws IOException {
        long at = 0;
        for (int n = data.read(buffer); n >= 0; n = data.read(buffer)) {
            var part = Arrays.copyOf(buffer, n);
            at = zeros(at, data.position());
            tar.data(part, n);
            at += n;
        }
        zeros(at, entry.size());
        tar.endData(entry.size());
    }

    private long zeros(long from, long to) throws IOException {
        if (from < to) {
            Arrays.fill(buffer, (byte) 0);
            for (long left = to - from; left > 0; left -= Math.min(left, buffer.length)) {
                tar.data(buffer, (int) Math.min(left, buffer.length));
            }
        }
        return Math.max(from, to);
    }

    private static String clean(String raw) {
        var components = new ArrayList<String>();
        for (var component : raw.split("/")) {
            if (component.equals("..")) {
                throw FaultException.invalid(
                        "the archive's entry %s leads upwards", Names.quote(Raw.text(raw)));
            }
            if (!component.isEmpty() && !component.equals(".")) {
                components.add(component);
            }
        }
        return String.join("/", components);
    }
}
