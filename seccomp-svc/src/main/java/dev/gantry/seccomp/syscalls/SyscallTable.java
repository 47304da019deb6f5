package dev.gantry.seccomp.syscalls;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** The system calls of an architecture: their numbers, and how wide their arguments are. */
public final class SyscallTable {
    /** Above it stand only the private calls of arm ({@code set_tls} and its like). */
    private static final int PRIVATE = 0xF0000;

    private static final Map<Architecture, SyscallTable> TABLES = readAll();

    private final Architecture architecture;
    private final Map<String, Integer> numbers;
    private final Map<String, int[]> widths;
    private final int last;

    private SyscallTable(
            Architecture architecture, Map<String, Integer> numbers, Map<String, int[]> widths) {
        this.architecture = architecture;
        this.numbers = numbers;
        this.widths = widths;
        this.last =
                numbers.values().stream()
                        .mapToInt(Integer::intValue)
                        .filter(n -> n < PRIVATE)
                        .max()
                        .orElseThrow();
    }

    /** The table of an architecture. */
    public static SyscallTable of(Architecture architecture) {
        return TABLES.get(architecture);
    }

    /** The number as {@code seccomp_data.nr} has it; empty if the architecture has no such call. */
    public OptionalInt number(String name) {
        var number = numbers.get(name);
        return number == null
                ? OptionalInt.empty()
                : OptionalInt.of(number | architecture.numberBit());
    }

    /** All calls with their numbers as {@code seccomp_data.nr} has them. */
    public Map<String, Integer> all() {
        var all = new HashMap<String, Integer>();
        numbers.forEach((name, number) -> all.put(name, number | architecture.numberBit()));
        return Collections.unmodifiableMap(all);
    }

    /** The highest ordinary number of the table, with the bit of x32. */
    public int last() {
        return last | architecture.numberBit();
    }

    /**
     * How many low bits of an argument the kernel uses: 16, 32 or 64. The rest is dropped by the
     * kernel's own casts, so a filter that compared it could be evaded (security.md row 32).
     */
    public int width(String name, int argument) {
        var own =
                Optional.ofNullable(architecture.bits() == 32 ? widths.get(name + "@32") : null)
                        .or(() -> Optional.ofNullable(widths.get(name)));
        int width = own.filter(w -> argument < w.length).map(w -> w[argument]).orElse(64);
        return Math.min(width, architecture.bits());
    }

    private static Map<Architecture, SyscallTable> readAll() {
        var widths = new HashMap<String, int[]>();
        for (var line : lines("argument-widths.txt")) {
            var words = line.split(" ");
            widths.put(
                    words[0],
                    Arrays.stream(words, 1, words.length).mapToInt(Integer::parseInt).toArray());
        }
        var tables = new EnumMap<Architecture, SyscallTable>(Architecture.class);
        for (var architecture : Architecture.values()) {
            var numbers = new HashMap<String, Integer>();
            for (var line : lines(architecture.table() + ".txt")) {
                var words = line.split(" ");
                numbers.put(words[1], Integer.parseInt(words[0]));
            }
            tables.put(architecture, new SyscallTable(architecture, numbers, widths));
        }
        return tables;
    }

    private static List<String> lines(String resource) {
        var stream = SyscallTable.class.getResourceAsStream(resource);
        if (stream == null) {
            throw new IllegalStateException("resource " + resource + " is missing from the jar");
        }
        try (var reader =
                new BufferedReader(new InputStreamReader(stream, StandardCharsets.US_ASCII))) {
            return reader.lines().filter(line -> !line.startsWith("#")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
