package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.cgroup.kernel.LinuxCgroupKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The service works as its own user with no capability but, on v2, those of BPF; and with the
 * subtree that was given to that user, nothing else.
 */
@RequiresRoot
class RightsIT {
    private static final int UID = 64213;

    private final LinuxCgroupKernel kernel = new LinuxCgroupKernel();
    private final String name = "gantry-test-rights-" + ProcessHandle.current().pid();
    private final List<Process> processes = new ArrayList<>();
    private Hierarchies hierarchies;
    private Path directory;

    @BeforeEach
    void giveTheSubtreeToTheUser() throws IOException {
        hierarchies = new Subtree(kernel, name).establish();
        for (var tree : hierarchies.all()) {
            for (var file : kernel.files(tree.root()).names()) {
                give(Path.of(tree.root(), file));
            }
            give(Path.of(tree.root()));
        }
        directory = Files.createTempDirectory("gantry-rights");
        give(directory);
    }

    private static void give(Path path) throws IOException {
        Files.setAttribute(path, "unix:uid", UID, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", UID, LinkOption.NOFOLLOW_LINKS);
    }

    @AfterEach
    void leaveNothing() throws Exception {
        for (var process : processes) {
            process.destroyForcibly().waitFor();
        }
        var removal = new Removal(kernel, hierarchies);
        for (var tree : hierarchies.all()) {
            for (var left : kernel.directories(tree.root()).names()) {
                removal.remove(left);
            }
            kernel.rmdir(tree.root()).orThrow("rmdir %s", tree.root());
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (var file : files.toList().reversed()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void worksAsItsOwnUser() throws Exception {
        var service = start();
        var lines = service.inputReader();
        var places = new ArrayList<String>();
        for (var line = next(lines); !line.equals("placed?"); line = next(lines)) {
            if (line.startsWith("place ")) {
                places.add(line.substring(6));
            } else if (line.startsWith("Uid")) {
                assertThat(line).contains("" + UID);
            } else {
                // CAP_NET_ADMIN is bit 12, CAP_BPF bit 39.
                assertThat(line)
                        .isEqualTo(
                                hierarchies.mode() == Mode.V2
                                        ? "CapEff:\t0000008000001000"
                                        : "CapEff:\t0000000000000000");
            }
        }

        place(places, "exec tail /dev/zero").waitFor();
        proceed(service);
        assertThat(next(lines)).isEqualTo("oom c");
        var sleeper = place(places, "exec sleep 1000");
        proceed(service);

        assertThat(next(lines)).isEqualTo("pids 1");
        assertThat(next(lines)).isEqualTo("all done");
        assertThat(sleeper.waitFor()).isEqualTo(137);
    }

    private static String next(BufferedReader lines) throws IOException {
        var line = lines.readLine();
        assertThat(line).as("a line of the service's").isNotNull();
        return line;
    }

    private static void proceed(Process service) throws IOException {
        service.getOutputStream().write('\n');
        service.getOutputStream().flush();
    }

    private Process place(List<String> places, String command) throws IOException {
        var process = new ProcessBuilder("sh", "-c", "read go; " + command).start();
        processes.add(process);
        for (var path : places) {
            Files.writeString(Path.of(path, "cgroup.procs"), Long.toString(process.pid()));
        }
        proceed(process);
        return process;
    }

    /** Its classes are copied: the user may not read those of root's home. */
    private Process start() throws IOException {
        var classPath = new ArrayList<String>();
        for (var entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            var from = Path.of(entry);
            boolean wanted =
                    Files.isDirectory(from)
                            || entry.matches(".*/(bus-|cgroup-svc-|jackson-)[^/]*jar");
            if (wanted) {
                classPath.add(copy(from, directory.resolve("cp" + classPath.size() + ".jar")));
            }
        }
        var capabilities = hierarchies.mode() == Mode.V2 ? ",+bpf,+net_admin" : "";
        var process =
                new ProcessBuilder(
                                "setpriv",
                                "--reuid=" + UID,
                                "--regid=" + UID,
                                "--clear-groups",
                                "--inh-caps=-all" + capabilities,
                                "--ambient-caps=-all" + capabilities,
                                "--bounding-set=-all" + capabilities,
                                "--no-new-privs",
                                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:TieredStopAtLevel=1",
                                "-XX:-UsePerfData",
                                "-cp",
                                String.join(File.pathSeparator, classPath),
                                Unprivileged.class.getName(),
                                name,
                                directory.resolve("oom").toString())
                        .directory(directory.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        processes.add(process);
        return process;
    }

    private static String copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (var file : files.toList()) {
                var copy = to.resolve(from.relativize(file).toString());
                var target = file.equals(from) ? to : copy;
                Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
        return to.toString();
    }
}
