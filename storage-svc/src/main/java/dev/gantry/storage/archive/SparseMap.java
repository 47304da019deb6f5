package dev.gantry.storage.archive;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Raw;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the data of a file belongs of which an archive holds only parts; between them are holes.
 * GNU tar has four forms of it (tar(5), "Sparse formats" in its manual), all of which come to this.
 *
 * @param size of the file, holes counted
 * @param extents in order, none empty, none over another
 */
record SparseMap(long size, List<Extent> extents) {
    /** Each costs a stranger a few bytes: this bounds the heap. */
    static final int MAX_EXTENTS = 100_000;

    /** Bytes of the file that the archive holds. */
    record Extent(long offset, long length) {
        long end() {
            return offset + length;
        }
    }

    /** All of a file. */
    static SparseMap whole(long size) {
        return new SparseMap(size, size == 0 ? List.of() : List.of(new Extent(0, size)));
    }

    /**
     * The map that an archive gives.
     *
     * @param name of the entry, for errors
     * @param stored bytes that follow in the archive: neither more nor fewer than the map speaks of
     * @param numbers offset and length of each extent, alternating
     */
    static SparseMap of(String name, long size, long stored, List<Long> numbers) {
        if (size < 0 || numbers.size() % 2 != 0) {
            throw refused(name, "is malformed");
        }
        var extents = new ArrayList<Extent>();
        long end = 0;
        long sum = 0;
        for (int i = 0; i < numbers.size(); i += 2) {
            var extent = new Extent(numbers.get(i), numbers.get(i + 1));
            if (extent.offset() < end
                    || extent.length() < 0
                    || extent.length() > size
                    || extent.offset() > size - extent.length()) {
                throw refused(
                        name,
                        "has %d bytes at %d, which overlap others or the end"
                                .formatted(extent.length(), extent.offset()));
            }
            if (extent.length() > 0) {
                extents.add(extent);
            }
            end = extent.end();
            sum += extent.length();
        }
        if (sum != stored) {
            throw refused(name, "speaks of %d bytes, but %d follow".formatted(sum, stored));
        }
        return new SparseMap(size, List.copyOf(extents));
    }

    static FaultException refused(String name, String why) {
        return FaultException.of(
                FaultCode.INVALID_ARGUMENT,
                "tar: the map of the sparse file %s %s",
                Names.quote(Raw.text(name)),
                why);
    }
}
