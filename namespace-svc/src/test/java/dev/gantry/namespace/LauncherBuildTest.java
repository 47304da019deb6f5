package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The launcher as Maven compiled it, for this machine and the other architecture: static and
 * hardened, by its ELF headers (elf(5)); the foreign one runs under QEMU's user-mode emulation.
 * Where the cross compiler or QEMU is missing this is skipped, unless CI asks for all.
 */
class LauncherBuildTest {
    private static final Path BUILT = Path.of("target/launcher").toAbsolutePath();
    private static final Map<String, Integer> MACHINES = Map.of("x86_64", 62, "aarch64", 183);
    private static final String HOST =
            System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";
    private static final String FOREIGN = HOST.equals("aarch64") ? "x86_64" : "aarch64";
    private static final int ET_DYN = 3;
    private static final int PT_INTERP = 3;
    private static final int PT_GNU_STACK = 0x6474e551;
    private static final int PT_GNU_RELRO = 0x6474e552;
    private static final int PF_X = 1;

    /** What an ELF header and its program headers (flags by type) say. */
    private record Elf(int type, int machine, Map<Integer, Integer> segments) {
        static Elf read(Path file) throws IOException {
            var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            var segments = new HashMap<Integer, Integer>();
            int at = (int) bytes.getLong(32);
            for (int i = 0; i < bytes.getShort(56); i++, at += bytes.getShort(54)) {
                segments.put(bytes.getInt(at), bytes.getInt(at + 4));
            }
            return new Elf(bytes.getShort(16), bytes.getShort(18), segments);
        }
    }

    @Test
    void isStaticAndHardened() throws IOException {
        assertHardened(Elf.read(BUILT.resolve("gantry-launcher")), HOST);
    }

    @Test
    void isStaticAndHardenedForTheOtherArchitecture() throws IOException {
        assertHardened(Elf.read(foreign()), FOREIGN);
    }

    @Test
    void theOtherArchitecturesRunsUnderEmulation(@TempDir Path scratch) throws Exception {
        var launcher = foreign().toString();
        demand(found("qemu-" + FOREIGN + "-static"), "qemu-user-static is not installed");
        var socket = scratch.resolve("launcher.sock").toString();
        var tooMuch = List.of("--uid", "4294967295", "--state", "/", "--socket", socket);

        var usage = emulated(launcher, List.of());
        var refused = emulated(launcher, tooMuch);

        assertThat(usage).startsWith("usage: gantry-launcher").endsWith("exit code 2");
        assertThat(refused).isEqualTo("gantry-launcher: 4294967295: Invalid argument\nexit code 1");
    }

    private static Path foreign() {
        var launcher = BUILT.resolve(FOREIGN).resolve("gantry-launcher");
        demand(Files.exists(launcher), "no cross compiler: there is no " + launcher);
        return launcher;
    }

    private static void demand(boolean there, String otherwise) {
        if (Boolean.getBoolean("gantry.requireRoot")) {
            assertThat(there).as(otherwise).isTrue();
        }
        assumeTrue(there, otherwise);
    }

    private static void assertHardened(Elf elf, String machine) {
        assertThat(elf.machine()).isEqualTo(MACHINES.get(machine));
        assertThat(elf.type()).as("position independent").isEqualTo(ET_DYN);
        assertThat(elf.segments()).as("static").doesNotContainKey(PT_INTERP);
        assertThat(elf.segments()).containsKey(PT_GNU_RELRO);
        assertThat(elf.segments().get(PT_GNU_STACK) & PF_X).as("executable stack").isZero();
    }

    private static boolean found(String program) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    private static String emulated(String launcher, List<String> arguments) throws Exception {
        var command =
                Stream.concat(
                                Stream.of(
                                        "python3",
                                        "src/test/python/foreign_launcher.py",
                                        "qemu-" + FOREIGN + "-static",
                                        launcher),
                                arguments.stream())
                        .toList();
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes());
        return output + "exit code " + process.waitFor();
    }
}
