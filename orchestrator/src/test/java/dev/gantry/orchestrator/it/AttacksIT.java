package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * docs/security.md against the whole of Gantry, from the command line to the kernel: what a hostile
 * command line, container or neighbour on the host may not do. Each test ends with the host's
 * settings and mounts as they were.
 */
@RequiresRoot
class AttacksIT {
    private static final List<String> CANARIES =
            List.of(
                    "/proc/sys/kernel/core_pattern",
                    "/proc/sys/kernel/hostname",
                    "/etc/passwd",
                    "/etc/hosts");

    private static GantryInstance gantry;
    private List<String> before;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
        gantry.gantry("run", "--rm", "host-shell", "true").ok();
    }

    @AfterAll
    static void down() {
        gantry.close();
    }

    @BeforeEach
    void look() throws IOException {
        before = host();
    }

    @AfterEach
    void theHostIsAsItWas() throws IOException {
        var containers = gantry.gantry("ps", "-a", "-q").ok().lines();
        containers.forEach(id -> gantry.gantry("rm", "-f", id).ok());
        assertThat(containers).isEmpty();
        assertThat(host()).isEqualTo(before);
    }

    private static List<String> host() throws IOException {
        var all = new ArrayList<String>();
        for (var canary : CANARIES) {
            all.add(canary + ": " + Files.readString(Path.of(canary)));
        }
        // Tests of other modules may mount at the same time: only ours are looked at.
        try (var mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
            mounts.map(line -> line.split(" ")[4])
                    .filter(place -> place.startsWith(gantry.root().toString()))
                    // Network namespaces that wait for a container are pinned: how many may differ.
                    .map(place -> place.replaceAll("/netns/net-.*", "/netns/waiting"))
                    .distinct()
                    .sorted()
                    .forEach(all::add);
        }
        return all;
    }

    private static GantryInstance.Result inside(String... words) {
        var command = new ArrayList<>(List.of("run", "--rm", "host-shell"));
        command.addAll(List.of(words));
        return gantry.gantry(command.toArray(String[]::new));
    }

    private static void assertRefused(GantryInstance.Result result) {
        assertThat(result.code()).isNotZero();
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).startsWith("gantry: ").doesNotContain("\tat ", "defect");
    }

    /** Row 2. */
    @Test
    void descriptorsOfTheCallerStayOutside() {
        var line = String.join(" ", gantry.commandLine("run", "--rm", "host-shell"));

        var found =
                GantryInstance.command(
                        "bash",
                        "-c",
                        "for i in $(seq 3 50); do eval \"exec $i</\"; done; exec "
                                + line
                                + " sh -c 'for f in /proc/self/fd/*; do echo ${f##*/}; done'");

        // The shell itself has no more than its standard streams open (and its glob's directory).
        assertThat(found.ok().lines()).startsWith("0", "1", "2").hasSizeLessThanOrEqualTo(4);
    }

    /** Row 2. */
    @ParameterizedTest
    @ValueSource(strings = {"/proc/self/fd/5", "/proc/1/root", "/proc/self/cwd/../.."})
    void aWorkingDirectoryIsNoWayOut(String directory) {
        var result = gantry.gantry("run", "--rm", "-w", directory, "host-shell", "ls", "-a", ".");

        if (result.code() == 0) {
            assertThat(result.out()).doesNotContain(gantry.root().getFileName().toString(), "boot");
        } else {
            assertRefused(result);
        }
    }

    /** Row 5. */
    @ParameterizedTest
    @ValueSource(strings = {"/proc", "/proc/self/attr", "/", "//", "/proc/../proc", "/x/../proc"})
    void nothingIsMountedOverProc(String place) {
        assertRefused(gantry.gantry("run", "--rm", "-v", "/tmp:" + place, "host-shell", "true"));
        assertRefused(gantry.gantry("run", "--rm", "--tmpfs", place, "host-shell", "true"));
    }

    /** Row 7. */
    @Test
    void noMountIsLeftAfterManyContainers() {
        for (int i = 0; i < 20; i++) {
            inside("true").ok();
        }
        // theHostIsAsItWas() compares.
    }

    /** Row 8. */
    @Test
    void theHostsControlGroupsCannotBeWritten() {
        var result =
                inside(
                        "sh",
                        "-c",
                        "for f in $(find /sys/fs/cgroup -name release_agent -o -name cgroup.procs"
                                + " -o -name notify_on_release -o -name tasks); do"
                                + " echo 1 > $f && echo WRITTEN $f; done;"
                                + " mkdir /sys/fs/cgroup/x && echo MADE;"
                                + " mount -t cgroup none /mnt && echo MOUNTED; true");

        assertThat(result.out()).doesNotContain("WRITTEN", "MADE", "MOUNTED");
    }

    /** Row 9. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "kernel.core_pattern=|/bin/sh",
                "kernel.hostname=owned",
                "kernel.modprobe=/tmp/x",
                "net.ipv4.ip_forward=1+kernel.core_pattern=x",
                "net/ipv4/../../kernel/core_pattern=x",
                "net.ipv4.ip_forward=1\nkernel.core_pattern=x",
                "../kernel/core_pattern=x",
                "kernel.shmmax=",
                "=1",
                "net.ipv4.ip_forward"
            })
    void onlyNamespacedParametersAreSet(String sysctl) {
        assertRefused(gantry.gantry("run", "--rm", "--sysctl", sysctl, "host-shell", "true"));
    }

    /** Row 9: with the host's namespaces no parameter is the container's own. */
    @Test
    void parametersOfTheHostsNetworkAreNotSet() {
        assertRefused(
                gantry.gantry(
                        "run",
                        "--rm",
                        "--network",
                        "host",
                        "--sysctl",
                        "net.ipv4.ip_forward=0",
                        "host-shell",
                        "true"));
    }

    /** Row 10. */
    @Test
    void nothingIsInheritableNeitherForRunNorForExec() {
        gantry.gantry("run", "-d", "--name", "caps", "host-shell", "sleep", "1000").ok();
        var init = gantry.gantry("exec", "caps", "grep", "Cap[IA]", "/proc/1/status").ok();
        var exec = gantry.gantry("exec", "caps", "grep", "Cap[IA]", "/proc/self/status").ok();
        gantry.gantry("rm", "-f", "caps").ok();

        for (var status : List.of(init.out(), exec.out())) {
            assertThat(status).isEqualTo("CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n");
        }
    }

    /** Row 12. */
    @ParameterizedTest
    @CsvSource({"1,1", "2147483648,2147483648", "4294967294,4294967294"})
    void aUserIsExactlyTheOneAskedFor(String user, String id) {
        var result = gantry.gantry("run", "--rm", "-u", user, "host-shell", "id", "-u");

        assertThat(result.ok().out()).isEqualTo(id + "\n");
    }

    /** Row 12. */
    @ParameterizedTest
    @ValueSource(
            strings = {"4294967295", "4294967296", "-1", "0x0", "root\n", "nobody-there", "0:-1"})
    void aUserThatIsNoneIsNeverRoot(String user) {
        assertRefused(gantry.gantry("run", "--rm", "-u", user, "host-shell", "id", "-u"));
    }

    /** Row 17. */
    @Test
    void aContainerOnTheHostsNetworkFindsNoSocketOfGantrys() {
        var sockets =
                gantry.gantry(
                                "run",
                                "--rm",
                                "--network",
                                "host",
                                "host-shell",
                                "cat",
                                "/proc/net/unix")
                        .ok();

        assertThat(sockets.lines().stream().filter(line -> line.contains("@")))
                .noneMatch(line -> line.contains("gantry") || line.contains("launcher"));
    }

    /** Row 22. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../etc",
                "sha256:../../../etc/passwd",
                "host-shell@sha256:../x",
                "host-shell:../x",
                "",
                "-x",
                "a\nb"
            })
    void anImageIsNoPath(String image) {
        assertRefused(gantry.gantry("create", "--", image, "true"));
    }

    /** Row 25: not even to look at. */
    @Test
    void anotherUserReachesNoFileOfGantrys() throws IOException {
        var directories = new ArrayList<Path>();
        for (var top : List.of("state", "run")) {
            try (Stream<Path> all = Files.list(gantry.root().resolve(top))) {
                all.filter(Files::isDirectory).forEach(directories::add);
            }
        }
        assertThat(directories).hasSizeGreaterThan(10);

        for (var directory : directories) {
            var listed = asNobody("ls", directory.toString());

            assertThat(listed.code()).as(directory.toString()).isNotZero();
            assertThat(listed.err()).as(directory.toString()).contains("Permission denied");
        }
        for (var socket : List.of("run/launcher/launcher.sock", "run/supervisor/control.sock")) {
            assertThat(Files.exists(gantry.root().resolve(socket))).as(socket).isTrue();
            var connected =
                    asNobody(
                            "/usr/bin/python3",
                            "-c",
                            "import socket, sys\n"
                                    + "for kind in socket.SOCK_STREAM, socket.SOCK_SEQPACKET:\n"
                                    + "  try:\n"
                                    + "    socket.socket(socket.AF_UNIX,"
                                    + " kind).connect(sys.argv[1])\n"
                                    + "    print('CONNECTED')\n"
                                    + "  except PermissionError:\n"
                                    + "    print('denied')",
                            gantry.root().resolve(socket).toString());
            assertThat(connected.ok().lines()).as(socket).containsOnly("denied");
        }
    }

    private static GantryInstance.Result asNobody(String... command) {
        var words =
                new ArrayList<>(
                        List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
        words.addAll(List.of(command));
        return GantryInstance.command(words.toArray(String[]::new));
    }

    /** Row 30. */
    @ParameterizedTest
    @ValueSource(strings = {"../x", "/", "", ".", "-x", "a b", "a\nb", "\u202etxt.exe"})
    void aNameIsNoPath(String name) {
        assertRefused(gantry.gantry("create", "--name=" + name, "host-shell", "true"));
        assertRefused(gantry.gantry("network", "create", "--", name));
        assertRefused(gantry.gantry("volume", "create", "--", name));
    }

    /** Rows 21 and 30, and hostile ports. */
    @ParameterizedTest
    @CsvSource({
        "--cpuset-cpus,0-4294967295",
        "--cpus,1e999",
        "--memory,9223372036854775808",
        "--pids-limit,99999999999999999999",
        "--publish,1-65535",
        "--publish,80-79",
        "--publish,65536",
        "--ulimit,nofile=10:5",
        "--device,/etc/passwd",
        "--device,/dev/../etc/passwd",
        "--hostname,../x",
        "--add-host,x",
        "--shm-size,0",
        "--security-opt,seccomp=/dev/zero",
        "--env-file,/dev/zero",
        "--security-opt,apparmor=x",
        "--network,container:../x"
    })
    void aValueThatCannotBeIsRefusedBeforeAnythingIsDone(String option, String value) {
        assertRefused(gantry.gantry("create", option + "=" + value, "host-shell", "true"));
    }
}
