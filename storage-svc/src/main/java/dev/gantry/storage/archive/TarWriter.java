package dev.gantry.storage.archive;

import dev.gantry.storage.kernel.Raw;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes tar archives (POSIX ustar, pax where ustar has no room) whose bytes depend on the entries
 * alone.
 */
public final class TarWriter {
    private static final long OCTAL_11 = 1L << 33;
    private static final long OCTAL_7 = 1L << 21;
    private final OutputStream out;
    private final long latest;

    /** Writes to a stream, which stays open. */
    public TarWriter(OutputStream out) {
        this(out, Long.MAX_VALUE);
    }

    /** The same; no entry is younger than {@code latest}, in seconds since the Unix epoch. */
    public TarWriter(OutputStream out, long latest) {
        this.out = out;
        this.latest = latest;
    }

    /** Writes a header; {@code size} bytes of data must follow, then {@link #endData}. */
    public void header(TarEntry asked) throws IOException {
        var entry = asked.mtimeSeconds() > latest ? asked.at(latest) : asked;
        var name = entry.type() == TarEntry.Type.DIRECTORY ? entry.name() + "/" : entry.name();
        var pax = new TreeMap<String, String>();
        if (name.length() > 100) {
            pax.put("path", name);
        }
        if (entry.link().length() > 100) {
            pax.put("linkpath", entry.link());
        }
        if (entry.size() >= OCTAL_11) {
            pax.put("size", Long.toString(entry.size()));
        }
        if (entry.uid() >= OCTAL_7) {
            pax.put("uid", Long.toString(entry.uid()));
        }
        if (entry.gid() >= OCTAL_7) {
            pax.put("gid", Long.toString(entry.gid()));
        }
        if (entry.mtimeSeconds() < 0 || entry.mtimeSeconds() >= OCTAL_11) {
            pax.put("mtime", Long.toString(entry.mtimeSeconds()));
        }
        entry.xattrs().forEach((key, value) -> pax.put("SCHILY.xattr." + key, Raw.of(value)));
        if (!pax.isEmpty()) {
            var body = records(pax);
            block("PaxHeaders/0", "", 'x', 0644, 0, 0, body.length, 0);
            out.write(body);
            endData(body.length);
        }
        block(
                cut(name),
                cut(entry.link()),
                flag(entry.type()),
                entry.mode(),
                entry.uid() >= OCTAL_7 ? 0 : entry.uid(),
                entry.gid() >= OCTAL_7 ? 0 : entry.gid(),
                entry.size() >= OCTAL_11 ? 0 : entry.size(),
                pax.containsKey("mtime") ? 0 : entry.mtimeSeconds());
    }

    /** Writes data of the entry whose header was written last. */
    public void data(byte[] bytes, int length) throws IOException {
        out.write(bytes, 0, length);
    }

    /** Pads the data of an entry to a whole block. */
    public void endData(long size) throws IOException {
        out.write(new byte[(int) (-size & TarHeader.BLOCK - 1)]);
    }

    /** Two blocks of zeros. */
    public void end() throws IOException {
        out.write(new byte[2 * TarHeader.BLOCK]);
    }

    private static String cut(String text) {
        return text.length() > 100 ? text.substring(0, 100) : text;
    }

    private static char flag(TarEntry.Type type) {
        return switch (type) {
            case FILE -> '0';
            case HARDLINK -> '1';
            case SYMLINK -> '2';
            case CHARACTER -> '3';
            case BLOCK -> '4';
            case DIRECTORY -> '5';
            case FIFO -> '6';
        };
    }

    private void block(
            String name,
            String link,
            char type,
            int mode,
            long uid,
            long gid,
            long size,
            long mtime)
            throws IOException {
        var block = new byte[TarHeader.BLOCK];
        put(block, 0, name);
        put(block, 100, octal(mode, 7));
        put(block, 108, octal(uid, 7));
        put(block, 116, octal(gid, 7));
        put(block, 124, octal(size, 11));
        put(block, 136, octal(mtime, 11));
        put(block, 148, "        ");
        block[156] = (byte) type;
        put(block, 157, link);
        put(block, 257, "ustar\00000");
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        put(block, 148, octal(sum, 6) + "\0 ");
        out.write(block);
    }

    private static void put(byte[] block, int offset, String text) {
        var bytes = Raw.bytes(text);
        System.arraycopy(bytes, 0, block, offset, bytes.length);
    }

    private static String octal(long value, int digits) {
        return String.format("%0" + digits + "o", value);
    }

    private static byte[] records(Map<String, String> pax) {
        var out = new ByteArrayOutputStream();
        pax.forEach(
                (key, value) -> {
                    var record = " " + key + "=" + value + "\n";
                    int length = record.length();
                    // The length counts its own digits.
                    int total = length + Integer.toString(length).length();
                    total = length + Integer.toString(total).length();
                    out.writeBytes(Integer.toString(total).getBytes(StandardCharsets.US_ASCII));
                    out.writeBytes(Raw.bytes(record));
                });
        return out.toByteArray();
    }
}
