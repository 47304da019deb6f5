package dev.gantry.storage.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.testing.Shell;
import dev.gantry.storage.testing.TarBytes;
import dev.gantry.storage.testing.UnprivilegedKernel;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Sparse files as the host's own GNU tar packs them, in each of its forms, and hostile ones. */
class SparseTest {
    private static final int SIZE = 40 << 20;
    private static final LayerLimits LIMITS = new LayerLimits(64 << 20, 50, 64 << 20, 1000, 32);

    @TempDir Path temp;
    private Path root;
    private Path source;

    @BeforeEach
    void make() throws IOException {
        root = Files.createDirectory(temp.resolve("root"));
        source = Files.createDirectory(temp.resolve("source"));
    }

    private void unpack(byte[] tar) throws IOException {
        try (var directory = Directory.open(new UnprivilegedKernel(), root)) {
            LayerUnpacker.unpack(
                    new ByteArrayInputStream(tar), directory, LIMITS, path -> Optional.empty());
        }
    }

    private byte[] packed(String... options) throws IOException, InterruptedException {
        var archive = temp.resolve("layer.tar").toString();
        var command = new ArrayList<>(List.of("tar", "-cSf", archive));
        command.addAll(List.of(options));
        command.addAll(List.of("-C", source.toString(), "."));
        Shell.run(command.toArray(String[]::new));
        return Files.readAllBytes(Path.of(archive));
    }

    /** 64 KiB of data at every 1 MiB and a bit, and a hole at the end. */
    private Path manyParts(String name) throws IOException {
        var file = source.resolve(name);
        var data = new byte[64 << 10];
        new Random(11).nextBytes(data);
        try (var out = new RandomAccessFile(file.toFile(), "rw")) {
            for (long at = 0; at < SIZE - (1 << 20); at += (1 << 20) + 4096) {
                out.seek(at);
                out.write(data);
            }
            out.setLength(SIZE);
        }
        return file;
    }

    private static long blocks(Path file) throws IOException, InterruptedException {
        return Long.parseLong(Shell.run("stat", "-c", "%b", file.toString()).strip());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--format=gnu",
                "--format=posix --sparse-version=0.0",
                "--format=posix --sparse-version=0.1",
                "--format=posix --sparse-version=1.0"
            })
    void whatGnuTarPackedIsTheSameFileWithTheSameHoles(String options) throws Exception {
        var parts = manyParts("n".repeat(120));
        var onlyHole = source.resolve("hole");
        try (var out = new RandomAccessFile(onlyHole.toFile(), "rw")) {
            out.setLength(1 << 20);
        }
        Files.writeString(source.resolve("plain"), "after");
        var tar = packed(options.split(" "));
        assertThat(tar.length).as("packed sparse").isLessThan(SIZE / 4);

        unpack(tar);

        var unpacked = root.resolve(parts.getFileName());
        assertThat(Files.mismatch(unpacked, parts)).isEqualTo(-1);
        assertThat(blocks(unpacked)).isLessThanOrEqualTo(blocks(parts));
        assertThat(Files.mismatch(root.resolve("hole"), onlyHole)).isEqualTo(-1);
        assertThat(blocks(root.resolve("hole"))).isZero();
        assertThat(root.resolve("plain")).hasContent("after");
        try (var all = Files.list(root)) {
            assertThat(all).hasSize(3);
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "overlap|100|0,4,2,4|8",
                "backwards|100|50,4,10,4|8",
                "beyond the end|100|98,4|4",
                "far beyond|100|9223372036854775807,4|4",
                "longer than 63 bits|100|9223372036854775808,4|4",
                "negative offset|100|-4,4|4",
                "negative length|100|0,-4|4",
                "half a part|100|0,4,8|4",
                "fewer bytes than follow|100|0,4|8",
                "more bytes than follow|100|0,8|4",
                "no numbers|100|a,b|4",
                "negative size|-1|0,4|4",
            })
    void aMapThatLiesIsRefusedByName(String what, String size, String map, int stored) {
        var records = record("GNU.sparse.size", size) + record("GNU.sparse.map", map);

        assertRefused(
                pax(records, "f", "x".repeat(stored)),
                FaultCode.INVALID_ARGUMENT,
                "the map of the sparse file \"f\"");
    }

    @Test
    void formsThatAreNotKnownAreRefused() {
        var records =
                record("GNU.sparse.major", "2")
                        + record("GNU.sparse.minor", "0")
                        + record("GNU.sparse.realsize", "100");

        assertRefused(pax(records, "f", "1\n0\n"), FaultCode.INVALID_ARGUMENT, "version \"2.0\"");
    }

    @Test
    void aMapOfMillionsIsRefusedBeforeItIsRead() {
        var records =
                record("GNU.sparse.major", "1")
                        + record("GNU.sparse.minor", "0")
                        + record("GNU.sparse.realsize", "100");

        assertRefused(
                pax(records, "f", "999999999\n" + "0\n".repeat(300)),
                FaultCode.INVALID_ARGUMENT,
                "has more than 100000 parts");
    }

    @Test
    void aHoleIsNoWayAroundTheLimit() {
        var records =
                record("GNU.sparse.size", Long.toString(Long.MAX_VALUE))
                        + record("GNU.sparse.map", "0,4");

        assertRefused(
                pax(records, "f", "data"),
                FaultCode.RESOURCE_EXHAUSTED,
                "\"/f\" has more than 67108864 bytes");
    }

    @Test
    void mutatedArchivesEndInFaultsOnly() throws Exception {
        var random = new Random(13);
        manyParts("f");
        var heads = new ArrayList<byte[]>();
        for (var version : new String[] {"0.0", "0.1", "1.0"}) {
            heads.add(packed("--format=posix", "--sparse-version=" + version));
        }
        heads.add(packed("--format=gnu"));
        int refused = 0;
        for (int round = 0; round < 4000; round++) {
            var tar = heads.get(round % heads.size()).clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                tar[512 + random.nextInt(4096)] =
                        (byte) (random.nextBoolean() ? '9' : random.nextInt(256));
            }
            try {
                readAll(tar);
            } catch (FaultException | IOException e) {
                refused++;
            }
        }

        assertThat(refused).isPositive();
    }

    private static void readAll(byte[] tar) throws IOException {
        var reader = new TarReader(new ByteArrayInputStream(tar));
        var buffer = new byte[64 << 10];
        for (var entry = reader.next(); entry.isPresent(); entry = reader.next()) {
            for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer)) {
                assertThat(reader.position() + n).isBetween(1L, entry.get().size());
            }
        }
    }

    private void assertRefused(byte[] tar, FaultCode code, String message) {
        assertThatThrownBy(() -> unpack(tar))
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault().code()).isEqualTo(code))
                .hasMessageContaining(message);
    }

    private static String record(String key, String value) {
        var rest = " " + key + "=" + value + "\n";
        int length = rest.length() + 1;
        length += Integer.toString(length).length() - 1;
        return (length + rest).length() == length ? length + rest : length + 1 + rest;
    }

    /** A file with pax records before it. */
    private static byte[] pax(String records, String name, String data) {
        var out = new ByteArrayOutputStream();
        var body = records.getBytes(StandardCharsets.ISO_8859_1);
        var header = new TarBytes().liar("ext", body.length).cut();
        header[156] = 'x';
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        System.arraycopy("%06o\0 ".formatted(sum).getBytes(), 0, header, 148, 8);
        out.writeBytes(header);
        out.writeBytes(body);
        out.writeBytes(new byte[-body.length & 511]);
        out.writeBytes(new TarBytes().file(name, data).end());
        return out.toByteArray();
    }
}
