package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.TarEntry;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.TarBytes;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/**
 * Whole images of a stranger (security.md rows 20 to 22): each is refused by a fault that says why,
 * the store is as it was before, and nothing outside it was touched.
 */
@RequiresRoot
class HostileImageIT {
    private static final LayerLimits LIMITS = new LayerLimits(4 << 20, 50, 64 << 10, 1000, 32);
    private static final byte[] HONEST = new TarBytes().file("x", "x").end();
    private static final byte[] ZEROS = new byte[3 << 20];

    @TempDir Path temp;
    private Storage storage;

    @BeforeEach
    void open() {
        storage =
                Storage.open(
                        new LinuxStorageKernel(),
                        temp.resolve("state"),
                        LIMITS,
                        (what, id, facts) -> {});
    }

    @AfterEach
    void close() {
        storage.close();
    }

    /** An image, and what is to be said of it. */
    private record Case(String name, FaultCode code, String message, Making making) {
        @Override
        public String toString() {
            return name;
        }
    }

    private interface Making {
        OciLayout of(OciLayout layout) throws IOException;
    }

    private static Case invalid(String name, String message, Making making) {
        return new Case(name, FaultCode.INVALID_ARGUMENT, message, making);
    }

    private static Case exhausted(String name, String message, Making making) {
        return new Case(name, FaultCode.RESOURCE_EXHAUSTED, message, making);
    }

    private static Case layer(String name, String message, TarBytes tar) {
        return invalid(name, message, layout -> layout.layer(HONEST).gzipLayer(tar.end()));
    }

    static Stream<Case> images() {
        return Stream.of(layers(), packing(), documents()).flatMap(List::stream);
    }

    private static List<Case> layers() {
        return List.of(
                layer("upwards", "leads upwards", new TarBytes().file("../canary", "x")),
                layer(
                        "through a link of its own",
                        "not a directory",
                        new TarBytes().symlink("d", "..").file("d/canary", "x")),
                layer("hard link out", "leads upwards", new TarBytes().hardlink("h", "../canary")),
                layer(
                        "hard link to a later entry",
                        "does not have yet",
                        new TarBytes().hardlink("h", "later").file("later", "x")),
                layer(
                        "hard link into the layer below",
                        "does not have yet",
                        new TarBytes().hardlink("h", "x")),
                layer(
                        "opaque mark with data",
                        "not an empty file",
                        new TarBytes().file("d/.wh..wh..opq", "data")),
                layer(
                        "opaque mark as a directory",
                        "not an empty file",
                        new TarBytes().directory("d/.wh..wh..opq")),
                layer(
                        "opaque mark as a link",
                        "not an empty file",
                        new TarBytes().symlink("d/.wh..wh..opq", "/etc")),
                layer(
                        "opaque mark as a hard link",
                        "not an empty file",
                        new TarBytes().file("f", "").hardlink(".wh..wh..opq", "f")),
                layer(
                        "below an opaque mark",
                        "below a whiteout",
                        new TarBytes().file(".wh..wh..opq/x", "x")),
                layer("whiteout of ..", "hides no name", new TarBytes().file(".wh...", "")),
                layer(
                        "a device outside /dev",
                        "device node",
                        new TarBytes().node("etc/mem", TarEntry.Type.CHARACTER)),
                layer(
                        "an attribute of overlayfs",
                        "has the attribute",
                        new TarBytes()
                                .xattr("user.overlay.redirect", new byte[] {'/'})
                                .file("x", "")),
                layer(
                        "a name of four gigabytes",
                        "extension header has 4294967296 bytes",
                        new TarBytes().raw(header('L', 1L << 32))),
                layer(
                        "pax records of four gigabytes",
                        "extension header has 4294967296 bytes",
                        new TarBytes().raw(header('x', 1L << 32))),
                layer(
                        "a name by pax and by GNU",
                        "both a pax and a GNU header",
                        new TarBytes()
                                .raw(extension('x', "11 path=ab\n"))
                                .raw(extension('L', "cd\0"))
                                .file("x", "")),
                layer(
                        "sparse parts over each other",
                        "overlap",
                        new TarBytes()
                                .raw(extension('x', sparse("0,512,1,512", 10_000)))
                                .file("f", "x".repeat(1024))),
                exhausted(
                        "a hole of terabytes",
                        "more than",
                        layout ->
                                layout.layer(
                                        new TarBytes()
                                                .raw(extension('x', sparse("0,512", 9L << 40)))
                                                .file("f", "x".repeat(512))
                                                .end())),
                exhausted(
                        "files without end", "more than 1000 entries", HostileImageIT::manyFiles));
    }

    private static OciLayout manyFiles(OciLayout layout) throws IOException {
        var tar = new TarBytes();
        for (int i = 0; i < 1500; i++) {
            tar.file("f" + i, "");
        }
        return layout.gzipLayer(tar.end());
    }

    private static List<Case> packing() {
        return List.of(
                invalid(
                        "gzip that is cut",
                        "is damaged",
                        layout -> {
                            var packed = gzip(HONEST);
                            return layout.packedLayer(
                                    Arrays.copyOf(packed, packed.length - 10),
                                    Compression.GZIP,
                                    HONEST);
                        }),
                invalid(
                        "gzip that is none",
                        "is damaged",
                        layout -> layout.packedLayer(HONEST, Compression.GZIP, HONEST)),
                invalid(
                        "zstd that is none",
                        "is damaged",
                        layout -> layout.packedLayer(HONEST, Compression.ZSTD, HONEST)),
                invalid(
                        "a zstd window of gigabytes",
                        "is damaged",
                        layout -> layout.packedLayer(wideWindow(), Compression.ZSTD, HONEST)),
                invalid(
                        "a tar that is cut",
                        "is damaged",
                        layout -> {
                            var cut = new TarBytes().liar("x", 1 << 20).cut();
                            return layout.gzipLayer(cut);
                        }),
                invalid(
                        "another tar than the configuration says",
                        "the configuration says",
                        layout ->
                                layout.packedLayer(
                                        gzip(HONEST),
                                        Compression.GZIP,
                                        new TarBytes().file("y", "y").end())),
                exhausted(
                        "a gzip bomb",
                        "more than 50 to 1",
                        layout -> layout.packedLayer(gzip(bomb()), Compression.GZIP, bomb())),
                exhausted(
                        "a zstd bomb",
                        "more than 50 to 1",
                        layout -> layout.packedLayer(zstd(bomb()), Compression.ZSTD, bomb())));
    }

    private static List<Case> documents() {
        return List.of(
                invalid(
                        "a digest that is a path",
                        "is not sha256:",
                        layout -> layout.layer(HONEST).configDigest("sha256:../../x")),
                invalid(
                        "a manifest that is an index",
                        "is an index",
                        layout -> layout.layer(HONEST).manifestsToo()),
                invalid(
                        "a manifest that is cut",
                        "manifest",
                        layout -> layout.layer(HONEST).manifest(m -> m.substring(0, 200))),
                invalid(
                        "a size that does not fit",
                        "bytes announced",
                        layout ->
                                layout.layer(HONEST)
                                        .manifest(
                                                m ->
                                                        m.replace(
                                                                "\"size\":" + HONEST.length,
                                                                "\"size\":7"))),
                new Case(
                        "a hundred thousand layers",
                        FaultCode.UNSUPPORTED,
                        "100000 layers",
                        layout ->
                                layout.layer(HONEST)
                                        .manifest(
                                                m ->
                                                        m.replaceFirst(
                                                                "\"layers\":\\[.*?\\]",
                                                                "\"layers\":["
                                                                        + "0,".repeat(99_999)
                                                                        + "0]"))),
                new Case(
                        "a layer of another media type",
                        FaultCode.UNSUPPORTED,
                        "a layer of media type text/html",
                        layout ->
                                layout.layer(HONEST)
                                        .manifest(
                                                m ->
                                                        m.replace(
                                                                Compression.NONE.mediaType(),
                                                                "text/html"))),
                invalid(
                        "a blob that is another",
                        "but is",
                        layout -> layout.layer(HONEST).alteredBlob()),
                invalid(
                        "JSON without end",
                        "index.json",
                        layout -> layout.layer(HONEST).index(i -> "[".repeat(100_000))),
                invalid(
                        "an index within itself, five deep",
                        "nested too deep",
                        layout -> layout.layer(HONEST).index(i -> nested(layout))));
    }

    private static String nested(OciLayout layout) {
        var inner = "{\"schemaVersion\":2,\"manifests\":[]}";
        try {
            for (int depth = 0; depth < 6; depth++) {
                var digest = layout.blob(inner.getBytes(StandardCharsets.UTF_8));
                inner =
                        "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
                                + "\"application/vnd.oci.image.index.v1+json\",\"digest\":\""
                                + digest
                                + "\",\"size\":"
                                + inner.length()
                                + "}]}";
            }
            return inner;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bomb() {
        return new TarBytes().liar("bomb", ZEROS.length).raw(ZEROS).end();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(packed)) {
            gzip.write(content);
        }
        return packed.toByteArray();
    }

    private static byte[] zstd(byte[] content) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var zstd = new ZstdOutputStream(packed)) {
            zstd.write(content);
        }
        return packed.toByteArray();
    }

    /** A frame header (RFC 8878, 3.1.1.1) that asks for a window of 2 GiB, and an empty block. */
    private static byte[] wideWindow() {
        return new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) (21 << 3), 1, 0, 0};
    }

    /** A header of an extension that announces more than anybody will send. */
    private static byte[] header(char type, long size) {
        var header = new TarBytes().liar("ext", size).cut();
        header[156] = (byte) type;
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        var octal = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(octal, 0, header, 148, 8);
        return header;
    }

    private static String sparse(String map, long size) {
        return record("GNU.sparse.major", "0")
                + record("GNU.sparse.minor", "1")
                + record("GNU.sparse.map", map)
                + record("GNU.sparse.realsize", Long.toString(size));
    }

    /** A pax record; its length, of two digits, counts itself. */
    private static String record(String key, String value) {
        return key.length() + value.length() + 5 + " " + key + "=" + value + "\n";
    }

    private static byte[] extension(char type, String body) {
        var bytes = body.getBytes(StandardCharsets.ISO_8859_1);
        var out = new ByteArrayOutputStream();
        out.writeBytes(header(type, bytes.length));
        out.writeBytes(bytes);
        out.writeBytes(new byte[-bytes.length & 511]);
        return out.toByteArray();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("images")
    void isRefusedAndTheStoreIsAsBefore(Case hostile) throws Exception {
        var canary = Files.writeString(temp.resolve("canary"), "alive");
        var path = hostile.making().of(new OciLayout(temp.resolve("layout"))).write("tag");

        assertThatThrownBy(
                        () ->
                                storage.imported(
                                        path.toString(),
                                        Optional.of("hostile"),
                                        Optional.empty(),
                                        ""))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).isEqualTo(hostile.code()))
                .hasMessageContaining(hostile.message());

        assertThat(storage.images().list().images()).isEmpty();
        for (var empty : List.of("blobs/sha256", "layers", "tmp", "unpacking", "snapshots")) {
            assertThat(temp.resolve("state").resolve(empty)).isEmptyDirectory();
        }
        assertThat(canary).hasContent("alive");
        assertThat((int) Files.getAttribute(canary, "unix:nlink")).isEqualTo(1);
        try (var all = Files.list(temp)) {
            assertThat(all.map(Path::getFileName).map(Path::toString))
                    .containsExactlyInAnyOrder("canary", "layout", "state");
        }
    }
}
