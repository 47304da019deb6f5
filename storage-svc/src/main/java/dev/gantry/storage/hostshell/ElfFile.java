package dev.gantry.storage.hostshell;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a 64-bit ELF file asks of the loader (elf(5)).
 *
 * @param interpreter the loader itself; empty: statically linked
 * @param needed names of shared libraries
 * @param runpath directories to look in first, {@code $ORIGIN} not yet replaced
 */
record ElfFile(Optional<String> interpreter, List<String> needed, List<String> runpath) {
    private static final int MAGIC = 0x7f454c46;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int PT_INTERP = 3;
    private static final long DT_NEEDED = 1;
    private static final long DT_STRTAB = 5;
    private static final long DT_RPATH = 15;
    private static final long DT_RUNPATH = 29;
    private static final int MAX_BYTES = 256 << 20;

    /** A segment: where it is in the file and in memory. */
    private record Segment(int type, long offset, long address, long size) {}

    /** Reads the headers; empty if it is no ELF file of this machine's byte order. */
    static Optional<ElfFile> read(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() < 64 || channel.size() > MAX_BYTES) {
                return Optional.empty();
            }
            var bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            boolean elf64 =
                    Integer.reverseBytes(bytes.getInt(0)) == MAGIC
                            && bytes.get(4) == 2
                            && bytes.get(5) == 1;
            return elf64 ? Optional.of(parse(bytes)) : Optional.empty();
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw new IOException(file + " is a damaged ELF file", e);
        }
    }

    private static ElfFile parse(ByteBuffer bytes) {
        var segments = new ArrayList<Segment>();
        long table = bytes.getLong(32);
        int entrySize = Short.toUnsignedInt(bytes.getShort(54));
        int count = Short.toUnsignedInt(bytes.getShort(56));
        for (int i = 0; i < count; i++) {
            int at = Math.toIntExact(table + (long) i * entrySize);
            segments.add(
                    new Segment(
                            bytes.getInt(at),
                            bytes.getLong(at + 8),
                            bytes.getLong(at + 16),
                            bytes.getLong(at + 32)));
        }
        var interpreter =
                segments.stream()
                        .filter(segment -> segment.type() == PT_INTERP)
                        .findFirst()
                        .map(segment -> text(bytes, segment.offset()));
        var needed = new ArrayList<Long>();
        var runpath = new ArrayList<Long>();
        long strings = 0;
        for (var segment : segments) {
            if (segment.type() != PT_DYNAMIC) {
                continue;
            }
            for (long at = segment.offset(); at < segment.offset() + segment.size(); at += 16) {
                long tag = bytes.getLong((int) at);
                long value = bytes.getLong((int) at + 8);
                if (tag == 0) {
                    break;
                } else if (tag == DT_NEEDED) {
                    needed.add(value);
                } else if (tag == DT_RPATH || tag == DT_RUNPATH) {
                    runpath.add(value);
                } else if (tag == DT_STRTAB) {
                    strings = fileOffset(segments, value);
                }
            }
        }
        long base = strings;
        return new ElfFile(
                interpreter,
                needed.stream().map(offset -> text(bytes, base + offset)).toList(),
                runpath.stream()
                        .flatMap(offset -> List.of(text(bytes, base + offset).split(":")).stream())
                        .toList());
    }

    private static long fileOffset(List<Segment> segments, long address) {
        for (var segment : segments) {
            if (segment.type() == PT_LOAD
                    && address >= segment.address()
                    && address < segment.address() + segment.size()) {
                return address - segment.address() + segment.offset();
            }
        }
        throw new IndexOutOfBoundsException("address " + address + " is in no segment");
    }

    private static String text(ByteBuffer bytes, long offset) {
        int at = Math.toIntExact(offset);
        int end = at;
        while (bytes.get(end) != 0) {
            end++;
        }
        var text = new byte[end - at];
        bytes.get(at, text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
