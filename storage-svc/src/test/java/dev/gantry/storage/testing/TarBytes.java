package dev.gantry.storage.testing;

import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarWriter;
import dev.gantry.storage.kernel.Raw;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Builds archives, hostile ones too: nothing is checked. */
public final class TarBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarWriter tar = new TarWriter(bytes);
    private SortedMap<String, byte[]> xattrs = new TreeMap<>();
    private long uid;
    private int mode = 0755;

    /** Attributes of the entries that follow. */
    public TarBytes xattr(String name, byte[] value) {
        xattrs = new TreeMap<>(Map.of(name, value));
        return this;
    }

    /** No attributes, owner 0 and mode 0755 from here on. */
    public TarBytes plain() {
        xattrs = new TreeMap<>();
        uid = 0;
        mode = 0755;
        return this;
    }

    /** Owner of the entries that follow. */
    public TarBytes owner(long id) {
        uid = id;
        return this;
    }

    /** Mode of the entries that follow. */
    public TarBytes mode(int bits) {
        mode = bits;
        return this;
    }

    /** A file. */
    public TarBytes file(String name, String text) {
        var data = text.getBytes(StandardCharsets.UTF_8);
        return entry(name, TarEntry.Type.FILE, "", data.length, 0, data);
    }

    /** A directory; the writer adds the slash. */
    public TarBytes directory(String name) {
        return entry(name, TarEntry.Type.DIRECTORY, "", 0, 0, new byte[0]);
    }

    /** A symbolic link. */
    public TarBytes symlink(String name, String target) {
        return entry(name, TarEntry.Type.SYMLINK, target, 0, 0, new byte[0]);
    }

    /** A hard link. */
    public TarBytes hardlink(String name, String target) {
        return entry(name, TarEntry.Type.HARDLINK, target, 0, 0, new byte[0]);
    }

    /** A node without data. */
    public TarBytes node(String name, TarEntry.Type type) {
        return entry(name, type, "", 0, 1, new byte[0]);
    }

    /** A header that announces more than follows. */
    public TarBytes liar(String name, long size) {
        return entry(name, TarEntry.Type.FILE, "", size, 0, new byte[0]);
    }

    /** Bytes as they are. */
    public TarBytes raw(byte[] block) {
        bytes.writeBytes(block);
        return this;
    }

    private TarBytes entry(
            String name, TarEntry.Type type, String link, long size, long device, byte[] data) {
        try {
            tar.header(
                    new TarEntry(
                            Raw.of(name),
                            type,
                            Raw.of(link),
                            mode,
                            uid,
                            uid,
                            size,
                            1_000_000_000,
                            0,
                            device,
                            device,
                            xattrs));
            tar.data(data, data.length);
            tar.endData(data.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** The archive as far as it goes. */
    public byte[] cut() {
        return bytes.toByteArray();
    }

    /** The whole archive. */
    public byte[] end() {
        try {
            tar.end();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
