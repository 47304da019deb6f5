package dev.gantry.storage.archive;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Raw;

import java.util.Arrays;

/** The fields of a tar header block, as POSIX ustar and GNU tar lay them out. */
final class TarHeader {
    static final int BLOCK = 512;

    /** Where the extents of type {@code S} begin. */
    static final int SPARSE = 386;

    private final byte[] block;

    TarHeader(byte[] block) {
        this.block = block;
    }

    boolean isZero() {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** The sum of all bytes, those of the sum itself taken as spaces; some old tars sum signed. */
    void checkSum() {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < BLOCK; i++) {
            byte b = i >= 148 && i < 156 ? (byte) ' ' : block[i];
            unsigned += b & 0xff;
            signed += b;
        }
        long stated = number(148, 8, "checksum");
        if (stated != unsigned && stated != signed) {
            throw FaultException.invalid("tar: a header has checksum %d, not %d", unsigned, stated);
        }
    }

    char type() {
        return (char) (block[156] & 0xff);
    }

    /** The name; ustar's prefix counts, but GNU tar puts other things in its place. */
    String name() {
        var name = text(0, 100);
        boolean ustar = text(257, 6).equals("ustar") && block[262] == 0;
        var prefix = ustar ? text(345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    String link() {
        return text(157, 100);
    }

    int mode() {
        return (int) (number(100, 8, "mode") & 07777);
    }

    long uid() {
        return number(108, 8, "uid");
    }

    long gid() {
        return number(116, 8, "gid");
    }

    long size() {
        return number(124, 12, "size");
    }

    long mtime() {
        return number(136, 12, "mtime");
    }

    long deviceMajor() {
        return number(329, 8, "devmajor");
    }

    long deviceMinor() {
        return number(337, 8, "devminor");
    }

    /** Whether an extent of GNU's type {@code S} stands at an offset: an offset and a length. */
    boolean hasSparseNumber(int offset) {
        return block[offset] != 0;
    }

    long sparseNumber(int offset) {
        return number(offset, 12, "sparse");
    }

    /** Whether a block with more extents follows this header of type {@code S}. */
    boolean sparseGoesOn() {
        return block[482] != 0;
    }

    /** The same of such a block. */
    boolean sparseBlockGoesOn() {
        return block[504] != 0;
    }

    /** The size of a file of type {@code S} with its holes. */
    long sparseSize() {
        return number(483, 12, "realsize");
    }

    private String text(int offset, int length) {
        int end = offset;
        while (end < offset + length && block[end] != 0) {
            end++;
        }
        return Raw.of(Arrays.copyOfRange(block, offset, end));
    }

    /** Octal digits, or (GNU) a big-endian number whose first bit is set. */
    private long number(int offset, int length, String field) {
        if ((block[offset] & 0x80) != 0) {
            return binary(offset, length, field);
        }
        var digits = text(offset, length).strip();
        try {
            return digits.isEmpty() ? 0 : Long.parseUnsignedLong(digits, 8);
        } catch (NumberFormatException e) {
            throw new FaultException(
                    FaultException.invalid("tar: field %s is not an octal number", field).fault(),
                    e);
        }
    }

    private long binary(int offset, int length, String field) {
        boolean negative = (block[offset] & 0x40) != 0;
        long value = negative ? -1 : 0;
        for (int i = 0; i < length; i++) {
            int b = block[offset + i] & 0xff;
            if (i == 0) {
                b = negative ? b | 0x80 : b & 0x7f;
            }
            if (i < length - 8 && b != (negative ? 0xff : 0)) {
                throw FaultException.invalid("tar: field %s exceeds 64 bits", field);
            }
            value = value << 8 | b;
        }
        if (negative != value < 0) {
            throw FaultException.invalid("tar: field %s exceeds 64 bits", field);
        }
        return value;
    }
}
