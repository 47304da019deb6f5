package dev.gantry.storage.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.testing.TarBytes;
import dev.gantry.storage.testing.UnprivilegedKernel;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** security.md rows 20 and 21: what a layer may not do, and what it may. */
class LayerUnpackerTest {
    private static final LayerLimits LIMITS = new LayerLimits(1 << 20, 50, 64 << 10, 1000, 32);

    @TempDir Path temp;
    private final UnprivilegedKernel kernel = new UnprivilegedKernel();
    private Path root;
    private Path canary;

    @BeforeEach
    void make() throws IOException {
        root = Files.createDirectory(temp.resolve("root"));
        canary = Files.writeString(temp.resolve("canary"), "alive");
    }

    private LayerUnpacker.Report unpack(byte[] tar) throws IOException {
        try (var directory = Directory.open(kernel, root);
                var metered = new MeteredInput(new ByteArrayInputStream(tar), tar.length, LIMITS)) {
            return LayerUnpacker.unpack(metered, directory, LIMITS, path -> Optional.empty());
        }
    }

    static Stream<Arguments> hostile() {
        return Stream.of(
                Arguments.of("upwards", new TarBytes().file("../canary", "x").end()),
                Arguments.of("upwards within", new TarBytes().file("a/../../canary", "x").end()),
                Arguments.of("root as link", new TarBytes().symlink(".", "/etc").end()),
                Arguments.of("root as file", new TarBytes().file("./", "x").end()),
                Arguments.of(
                        "write through a link",
                        new TarBytes().symlink("d", "..").file("d/canary", "x").end()),
                Arguments.of(
                        "write through an absolute link",
                        new TarBytes().symlink("d", "/tmp").file("d/canary", "x").end()),
                Arguments.of(
                        "write through a link of a link",
                        new TarBytes()
                                .symlink("a", "b")
                                .symlink("b", "..")
                                .file("a/canary", "x")
                                .end()),
                Arguments.of(
                        "a directory made a link below open files",
                        new TarBytes()
                                .directory("d")
                                .file("d/x", "x")
                                .symlink("d", "..")
                                .file("d/canary", "x")
                                .end()),
                Arguments.of("hard link out", new TarBytes().hardlink("h", "../canary").end()),
                Arguments.of(
                        "hard link through a link",
                        new TarBytes().symlink("d", "..").hardlink("h", "d/canary").end()),
                Arguments.of("hard link to the root", new TarBytes().hardlink("h", ".").end()),
                Arguments.of(
                        "hard link to a directory",
                        new TarBytes().directory("d").hardlink("h", "d").end()),
                Arguments.of(
                        "hard link to a later entry",
                        new TarBytes().hardlink("h", "later").file("later", "x").end()),
                Arguments.of(
                        "hard link to a whiteout",
                        new TarBytes().file(".wh.x", "").hardlink("h", "x").end()),
                Arguments.of("whiteout of nothing", new TarBytes().file(".wh.", "").end()),
                Arguments.of("whiteout of .", new TarBytes().file(".wh..", "").end()),
                Arguments.of("whiteout of ..", new TarBytes().file(".wh...", "").end()),
                Arguments.of("whiteout with data", new TarBytes().file(".wh.x", "data").end()),
                Arguments.of("whiteout as a link", new TarBytes().symlink(".wh.x", "/etc").end()),
                Arguments.of(
                        "opaque as a directory", new TarBytes().directory(".wh..wh..opq").end()),
                Arguments.of("below a whiteout", new TarBytes().file(".wh.d/file", "x").end()),
                Arguments.of(
                        "below an opaque mark",
                        new TarBytes().file(".wh..wh..opq/file", "x").end()),
                Arguments.of("device node", new TarBytes().node("sda", TarEntry.Type.BLOCK).end()),
                Arguments.of(
                        "device node that feigns /dev",
                        new TarBytes().node("lib/dev/mem", TarEntry.Type.CHARACTER).end()),
                Arguments.of(
                        "overlay attribute",
                        new TarBytes()
                                .xattr("user.overlay.redirect", "/etc".getBytes())
                                .file("x", "x")
                                .end()),
                Arguments.of(
                        "trusted attribute",
                        new TarBytes()
                                .xattr("trusted.overlay.opaque", "y".getBytes())
                                .directory("x")
                                .end()),
                Arguments.of(
                        "below a file", new TarBytes().file("f", "x").file("f/canary", "x").end()),
                Arguments.of("too deep", new TarBytes().file("d/".repeat(40) + "f", "x").end()),
                Arguments.of("a long component", new TarBytes().file("n".repeat(256), "x").end()),
                Arguments.of(
                        "negative owner", new TarBytes().owner(4294967295L).file("x", "").end()),
                Arguments.of(
                        "a NUL in a name",
                        new TarBytes().raw(pax("12 path=a\0b\n")).file("x", "").end()),
                Arguments.of(
                        "pax and GNU names at odds",
                        new TarBytes()
                                .raw(pax("11 path=ab\n"))
                                .raw(extension('L', "cd\0".getBytes()))
                                .file("x", "")
                                .end()),
                Arguments.of(
                        "a malformed pax record",
                        new TarBytes().raw(pax("99999999999 path=x\n")).file("x", "").end()),
                Arguments.of(
                        "ends after an extension", new TarBytes().raw(pax("11 path=ab\n")).end()),
                Arguments.of("not a tar", "hello ".repeat(200).getBytes()),
                Arguments.of(
                        "replaces a full directory",
                        new TarBytes().file("d/x", "x").file("d", "x").end()));
    }

    private static byte[] pax(String records) {
        return extension('x', records.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** An extension header, by turning a file's header into one and summing again. */
    private static byte[] extension(char type, byte[] body) {
        var out = new ByteArrayOutputStream();
        var header = new TarBytes().liar("ext", body.length).cut();
        header[156] = (byte) type;
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        var octal = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(octal, 0, header, 148, 8);
        out.writeBytes(header);
        out.writeBytes(body);
        out.writeBytes(new byte[-body.length & 511]);
        return out.toByteArray();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostile")
    void isRefusedAndNothingOutsideIsTouched(String name, byte[] tar) throws IOException {
        assertThatThrownBy(() -> unpack(tar))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).isEqualTo(FaultCode.INVALID_ARGUMENT));

        assertThat(canary).hasContent("alive");
        assertThat(Files.getAttribute(canary, "unix:nlink")).isEqualTo(1);
        try (var all = Files.list(temp)) {
            assertThat(all).containsExactlyInAnyOrder(root, canary);
        }
    }

    @Test
    void aLeadingSlashStaysInside() throws IOException {
        unpack(new TarBytes().file("/abs", "x").end());

        assertThat(root.resolve("abs")).hasContent("x");
    }

    @Test
    void linksMayPointAnywhereAsTheyAreNotFollowed() throws IOException {
        unpack(new TarBytes().symlink("l", "../canary").file("l", "replaced").end());

        assertThat(root.resolve("l")).isRegularFile().hasContent("replaced");
        assertThat(canary).hasContent("alive");
    }

    @Test
    void modesTimesOwnersAndLinksAreKept() throws IOException {
        unpack(
                new TarBytes()
                        .directory("d")
                        .owner(1234)
                        .mode(04755)
                        .file("d/suid", "x")
                        .plain()
                        .hardlink("d/hard", "d/suid")
                        .symlink("d/soft", "suid")
                        .node("d/fifo", TarEntry.Type.FIFO)
                        .end());

        assertThat((int) Files.getAttribute(root.resolve("d/suid"), "unix:mode") & 07777)
                .isEqualTo(04755);
        assertThat(Files.getLastModifiedTime(root.resolve("d")).toMillis())
                .isEqualTo(1_000_000_000_000L);
        assertThat(Files.isSameFile(root.resolve("d/suid"), root.resolve("d/hard"))).isTrue();
        assertThat(Files.readSymbolicLink(root.resolve("d/soft"))).isEqualTo(Path.of("suid"));
        assertThat(kernel.owners).contains("suid 1234:1234");
    }

    @Test
    void whiteoutsBecomeOverlaysOwn() throws IOException {
        var report =
                unpack(
                        new TarBytes()
                                .file(".wh.gone", "")
                                .directory("dir")
                                .file("dir/.wh..wh..opq", "")
                                .file(".wh.back", "")
                                .directory("back")
                                .file(".wh..wh.plnk", "")
                                .end());

        try (var directory = Directory.open(kernel, root)) {
            assertThat(directory.stat("gone").orElseThrow().isWhiteout()).isTrue();
            assertThat(directory.names()).containsExactly("back", "dir", "gone");
            for (var opaque : new String[] {"dir", "back"}) {
                assertThat(
                                kernel.lgetxattr(directory.fd(), opaque, "user.overlay.opaque")
                                        .content())
                        .isEqualTo("y".getBytes());
            }
        }
        assertThat(report.opaqueRoot()).isFalse();
    }

    @Test
    void anOpaqueRootIsReported() throws IOException {
        assertThat(unpack(new TarBytes().file(".wh..wh..opq", "").end()).opaqueRoot()).isTrue();
    }

    @Test
    void deviceNodesUnderDevAreLeftOutAndNamed() throws IOException {
        var report =
                unpack(new TarBytes().node("dev/sda", TarEntry.Type.BLOCK).file("x", "x").end());

        assertThat(report.notes()).containsExactly("device node /dev/sda was left out");
        assertThat(root.resolve("dev/sda")).doesNotExist();
    }

    @Test
    void namesAreBytes() throws IOException {
        var long_ = "é/" + "n".repeat(200) + "/" + "m".repeat(200);
        unpack(
                new TarBytes()
                        .file(long_, "x")
                        .xattr("user.bin", new byte[] {-1, 0, 10, 61})
                        .file("b", "")
                        .end());

        assertThat(root.resolve(long_)).hasContent("x");
        try (var directory = Directory.open(kernel, root)) {
            assertThat(kernel.lgetxattr(directory.fd(), "b", "user.bin").content())
                    .containsExactly(-1, 0, 10, 61);
        }
    }

    @Test
    void aCutArchiveIsNoticed() {
        assertThatThrownBy(() -> unpack(new TarBytes().liar("x", 4096).cut()))
                .isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> unpack(Arrays.copyOf(new TarBytes().file("x", "").cut(), 300)))
                .isInstanceOf(EOFException.class);
    }

    @Test
    void aBombEndsAtItsBounds() throws IOException {
        var zeros = new byte[8 << 20];
        var packed = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(packed)) {
            gzip.write(new TarBytes().liar("bomb", zeros.length).cut());
            gzip.write(zeros);
        }
        var bomb = packed.toByteArray();

        assertThatThrownBy(
                        () -> {
                            try (var directory = Directory.open(kernel, root);
                                    var in =
                                            new MeteredInput(
                                                    Compression.GZIP.unpack(
                                                            new ByteArrayInputStream(bomb)),
                                                    bomb.length,
                                                    LIMITS)) {
                                LayerUnpacker.unpack(
                                        in, directory, LIMITS, path -> Optional.empty());
                            }
                        })
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).isEqualTo(FaultCode.RESOURCE_EXHAUSTED));
        assertThat(Files.size(root.resolve("bomb"))).isLessThan(2 << 20);
    }

    @Test
    void aMillionEmptyFilesEndAtTheBound() {
        var tar = new TarBytes();
        for (int i = 0; i <= 1001; i++) {
            tar.file("f" + i, "");
        }

        assertThatThrownBy(() -> unpack(tar.end()))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).isEqualTo(FaultCode.RESOURCE_EXHAUSTED));
    }

    @Test
    void aGiantExtensionIsRefusedBeforeItIsRead() {
        var giant = new TarBytes().raw(extension('L', new byte[(1 << 20) + 1])).file("x", "").end();

        assertThatThrownBy(() -> unpack(giant)).isInstanceOf(FaultException.class);
    }

    @Test
    void impliedParentsLookLikeThoseBelow() throws IOException {
        var below = new UnprivilegedKernel();
        var lower = Files.createDirectories(temp.resolve("lower/private"));
        Files.setPosixFilePermissions(lower, PosixFilePermissions.fromString("rwx------"));
        try (var stack = new LayerStack(List.of(Directory.open(below, temp.resolve("lower"))));
                var directory = Directory.open(kernel, root)) {
            LayerUnpacker.unpack(
                    new ByteArrayInputStream(new TarBytes().file("private/new", "x").end()),
                    directory,
                    LIMITS,
                    stack::stat);
        }

        assertThat(
                        Files.getPosixFilePermissions(
                                root.resolve("private"), LinkOption.NOFOLLOW_LINKS))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        Files.delete(root.resolve("private/new"));
    }
}
