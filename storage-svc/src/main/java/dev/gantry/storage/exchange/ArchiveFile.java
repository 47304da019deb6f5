package dev.gantry.storage.exchange;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.archive.TarReader;
import dev.gantry.storage.kernel.Raw;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A tar of which any file can be read, in any order: its headers are read once, its data where it
 * lies. Names are compared as they stand, without {@code ./} before them; nothing is unpacked, so
 * they can name nothing outside.
 */
final class ArchiveFile {
    private static final int MAX_ENTRIES = 100_000;
    private static final int MAX_LINKS = 4;

    private final FileChannel channel;
    private final Map<String, Slice> slices = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();

    private record Slice(long offset, long size) {}

    /** Reads the headers. The channel stays the caller's. */
    ArchiveFile(FileChannel channel) throws IOException {
        this.channel = channel;
        var in = new Part(0, channel.size());
        var tar = new TarReader(in);
        int entries = 0;
        for (var next = tar.next(); next.isPresent(); next = tar.next()) {
            if (++entries > MAX_ENTRIES) {
                throw FaultException.of(
                        FaultCode.RESOURCE_EXHAUSTED, "archive: more than %d entries", MAX_ENTRIES);
            }
            add(next.get(), in);
        }
    }

    private void add(TarEntry entry, Part in) throws IOException {
        var name = plain(entry.name());
        switch (entry.type()) {
            case FILE -> {
                if (in.position() + entry.size() > channel.size()) {
                    throw FaultException.invalid(
                            "archive: %s is cut short", Names.quote(Raw.text(name)));
                }
                slices.put(name, new Slice(in.position(), entry.size()));
                links.remove(name);
            }
            case SYMLINK, HARDLINK -> {
                // Older versions of docker save write a layer that is there twice as a link.
                var from =
                        entry.type() == TarEntry.Type.SYMLINK && name.contains("/")
                                ? name.substring(0, name.lastIndexOf('/') + 1)
                                : "";
                links.put(name, resolved(from + entry.link()));
            }
            case DIRECTORY, CHARACTER, BLOCK, FIFO -> {}
        }
    }

    private static String plain(String name) {
        return name.startsWith("./") ? name.substring(2) : name;
    }

    private static String resolved(String path) {
        var out = new java.util.ArrayDeque<String>();
        for (var word : path.split("/")) {
            switch (word) {
                case "", "." -> {}
                case ".." -> out.pollLast();
                default -> out.addLast(word);
            }
        }
        return String.join("/", out);
    }

    private Optional<Slice> find(String name) {
        var at = plain(name);
        for (int i = 0; i < MAX_LINKS && links.containsKey(at) && !slices.containsKey(at); i++) {
            at = links.get(at);
        }
        return Optional.ofNullable(slices.get(at));
    }

    boolean has(String name) {
        return find(name).isPresent();
    }

    private Slice get(String name) {
        return find(name)
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.NOT_FOUND,
                                        "archive: it has no %s",
                                        Names.quote(Raw.text(name))));
    }

    long size(String name) {
        return get(name).size();
    }

    /** All of a small file. */
    byte[] read(String name, int most) throws IOException {
        if (get(name).size() > most) {
            throw FaultException.invalid(
                    "archive: %s has %d bytes, more than %d", name, get(name).size(), most);
        }
        try (var in = open(name)) {
            return in.readAllBytes();
        }
    }

    /** One of its files. */
    InputStream open(String name) {
        var slice = get(name);
        return new Part(slice.offset(), slice.size());
    }

    /** As {@link #open}, for those who read little at a time. */
    InputStream openBuffered(String name) {
        return new BufferedInputStream(open(name), 64 * 1024);
    }

    /** Bytes of the file from an offset on, by pread: any number of them at the same time. */
    private final class Part extends InputStream {
        private final long end;
        private long at;

        Part(long offset, long size) {
            this.at = offset;
            this.end = offset + size;
        }

        long position() {
            return at;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            int most = (int) Math.min(length, end - at);
            int count = most <= 0 ? -1 : channel.read(ByteBuffer.wrap(bytes, offset, most), at);
            at += Math.max(count, 0);
            return count;
        }

        @Override
        public long skip(long wanted) {
            long skipped = Math.max(0, Math.min(wanted, end - at));
            at += skipped;
            return skipped;
        }

        @Override
        public int available() {
            return (int) Math.min(Integer.MAX_VALUE, end - at);
        }
    }
}
