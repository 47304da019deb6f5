package dev.gantry.storage.archive;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** Reads the map of a sparse file, in whichever of GNU tar's forms it stands in the archive. */
final class SparseReader {
    private static final int HEADER_EXTENTS = 4;
    private static final int BLOCK_EXTENTS = 21;

    private final InputStream in;
    private final String name;
    private final List<Long> numbers = new ArrayList<>();

    private SparseReader(InputStream in, String name) {
        this.in = in;
        this.name = name;
    }

    /** Type {@code S}: extents in the header, more in blocks that follow it. */
    static SparseMap old(InputStream in, String name, TarHeader header) throws IOException {
        var reader = new SparseReader(in, name);
        reader.fields(header, TarHeader.SPARSE, HEADER_EXTENTS);
        boolean more = header.sparseGoesOn();
        while (more) {
            var block = new TarHeader(block(in));
            reader.fields(block, 0, BLOCK_EXTENTS);
            more = block.sparseBlockGoesOn();
        }
        return SparseMap.of(name, header.sparseSize(), header.size(), reader.numbers);
    }

    private void fields(TarHeader block, int at, int count) {
        for (int i = 0; i < count && block.hasSparseNumber(at + i * 24); i++) {
            add(block.sparseNumber(at + i * 24));
            add(block.sparseNumber(at + i * 24 + 12));
        }
    }

    /**
     * pax forms 0.0, 0.1 (the map is a record) and 1.0 (it stands before the data).
     *
     * @param stored bytes of map and data that follow
     */
    static SparseMap pax(InputStream in, String name, PaxRecords pax, long stored)
            throws IOException {
        var reader = new SparseReader(in, name);
        long size = pax.sparseSize().orElseThrow(() -> SparseMap.refused(name, "has no size"));
        if (pax.sparseMap().isPresent()) {
            for (var number : pax.sparseMap().get().split(",")) {
                reader.add(reader.parse(number));
            }
            return SparseMap.of(name, size, stored, reader.numbers);
        }
        if (!pax.sparseVersion().equals("1.0")) {
            throw SparseMap.refused(
                    name, "is of version \"" + pax.sparseVersion() + "\", which is not known");
        }
        long left = reader.lines(stored);
        return SparseMap.of(name, size, left, reader.numbers);
    }

    /** A number a line: how many extents, then each; filled up to a block. */
    private long lines(long stored) throws IOException {
        long left = stored;
        long wanted = 1;
        boolean counted = false;
        var line = new StringBuilder();
        while (wanted > 0) {
            if (left < TarHeader.BLOCK) {
                throw SparseMap.refused(name, "is cut");
            }
            left -= TarHeader.BLOCK;
            var block = block(in);
            for (int i = 0; i < block.length && wanted > 0; i++) {
                if (block[i] != '\n') {
                    line.append((char) (block[i] & 0xff));
                    if (line.length() > 20) {
                        throw SparseMap.refused(name, "is not made of numbers");
                    }
                    continue;
                }
                long number = parse(line.toString());
                line.setLength(0);
                if (counted) {
                    add(number);
                    wanted--;
                } else if (number > SparseMap.MAX_EXTENTS) {
                    throw tooMany();
                } else {
                    counted = true;
                    wanted = 2 * number;
                }
            }
        }
        return left;
    }

    private void add(long number) {
        if (numbers.size() >= 2 * SparseMap.MAX_EXTENTS) {
            throw tooMany();
        }
        numbers.add(number);
    }

    private RuntimeException tooMany() {
        return SparseMap.refused(name, "has more than " + SparseMap.MAX_EXTENTS + " parts");
    }

    private long parse(String text) {
        try {
            if (!text.isEmpty() && Character.isDigit(text.charAt(0))) {
                return Long.parseLong(text);
            }
        } catch (NumberFormatException e) {
            throw SparseMap.refused(name, "has a number that exceeds 63 bits");
        }
        throw SparseMap.refused(name, "is not made of numbers");
    }

    private static byte[] block(InputStream in) throws IOException {
        var block = in.readNBytes(TarHeader.BLOCK);
        if (block.length < TarHeader.BLOCK) {
            throw new EOFException("tar: cut within the map of a sparse file");
        }
        return block;
    }
}
