package dev.gantry.storage.archive;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Raw;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The records of a pax extended header: {@code "%d %s=%s\n"}, length, keyword, value. */
final class PaxRecords {
    private static final String XATTR = "SCHILY.xattr.";
    private static final int MAX_RECORDS = 1024;

    private final Map<String, String> records = new TreeMap<>();
    private final Map<String, byte[]> xattrs = new TreeMap<>();
    private final StringBuilder extents = new StringBuilder();
    private boolean sparse;

    /** A modification time. */
    record Time(long seconds, int nanos) {}

    void parse(byte[] body) {
        int at = 0;
        while (at < body.length) {
            int space = at;
            int length = 0;
            while (space < body.length && body[space] >= '0' && body[space] <= '9') {
                length = Math.min(length * 10 + body[space] - '0', 1 << 24);
                space++;
            }
            int end = at + length;
            if (space == at
                    || space >= body.length
                    || body[space] != ' '
                    || end <= space + 1
                    || end > body.length
                    || body[end - 1] != '\n') {
                throw FaultException.invalid("tar: a pax record is malformed");
            }
            record(Raw.of(java.util.Arrays.copyOfRange(body, space + 1, end - 1)));
            at = end;
        }
    }

    private void record(String record) {
        int equals = record.indexOf('=');
        if (equals <= 0) {
            throw FaultException.invalid("tar: a pax record is malformed");
        }
        var key = record.substring(0, equals);
        var value = record.substring(equals + 1);
        sparse |= key.startsWith("GNU.sparse.");
        if (key.equals("GNU.sparse.offset") || key.equals("GNU.sparse.numbytes")) {
            // Form 0.0 repeats them, an extent each; form 0.1 has the same in one record.
            extents.append(extents.isEmpty() ? "" : ",").append(value);
        } else if (key.startsWith(XATTR)) {
            xattrs.put(key.substring(XATTR.length()), Raw.bytes(value));
        } else {
            records.put(key, value);
        }
        if (records.size() + xattrs.size() > MAX_RECORDS) {
            throw FaultException.invalid("tar: more than %d pax records", MAX_RECORDS);
        }
    }

    Optional<String> path() {
        return text("path");
    }

    Optional<String> linkPath() {
        return text("linkpath");
    }

    /** An empty value takes an earlier one back. */
    private Optional<String> text(String key) {
        return Optional.ofNullable(records.get(key)).filter(value -> !value.isEmpty());
    }

    Optional<Long> number(String key) {
        return text(key).map(value -> parse(key, value));
    }

    /** Whether they are of a sparse file, in one of GNU tar's forms for pax. */
    boolean sparse() {
        return sparse;
    }

    /** The name of a sparse file; {@code path} has a made-up one for readers who know no better. */
    Optional<String> sparseName() {
        return text("GNU.sparse.name");
    }

    /** Its size with its holes. */
    Optional<Long> sparseSize() {
        return number("GNU.sparse.realsize").or(() -> number("GNU.sparse.size"));
    }

    /** Offset and length of each extent, with commas, in the forms that have it as a record. */
    Optional<String> sparseMap() {
        return extents.isEmpty() ? text("GNU.sparse.map") : Optional.of(extents.toString());
    }

    String sparseVersion() {
        return text("GNU.sparse.major").orElse("") + "." + text("GNU.sparse.minor").orElse("");
    }

    Map<String, byte[]> xattrs() {
        return xattrs;
    }

    /** Seconds since the epoch, with a fraction, perhaps negative. */
    Optional<Time> mtime() {
        return text("mtime").map(PaxRecords::time);
    }

    private static Time time(String value) {
        int point = value.indexOf('.');
        if (point < 0) {
            return new Time(parse("mtime", value), 0);
        }
        long seconds = parse("mtime", value.substring(0, point));
        var digits = (value.substring(point + 1) + "000000000").substring(0, 9);
        long nanos = parse("mtime", digits);
        if (value.startsWith("-") && nanos > 0) {
            return new Time(seconds - 1, (int) (1_000_000_000 - nanos));
        }
        return new Time(seconds, (int) nanos);
    }

    private static long parse(String key, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new FaultException(
                    FaultException.invalid(
                                    "tar: pax record %s=%s is not a number",
                                    key, Names.quote(Raw.text(value)))
                            .fault(),
                    e);
        }
    }
}
