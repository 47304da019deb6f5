package dev.gantry.orchestrator.it;

import static dev.gantry.orchestrator.it.GantryInstance.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Commands that the resident command line runs: they must be to their callers what they are in a
 * process of their own, and leave nothing in it.
 */
@RequiresRoot
class ResidentIT {

    private static GantryInstance gantry;
    private static String caller;

    @BeforeAll
    static void start() throws IOException {
        gantry = GantryInstance.up();
        var home = Path.of("target/gantry").toAbsolutePath();
        var build = Files.readString(home.resolve("build")).strip();
        caller = home.resolve("bin/gantry-caller") + " gantry " + build + " 1 ";
        gantry.gantry("run", "--rm", "--network", "none", "host-shell", "true").ok();
    }

    @AfterAll
    static void stop() {
        gantry.close();
    }

    /** A shell in the surroundings of the resident; {@code $G} is gantry by it or not at all. */
    private static GantryInstance.Result shell(String script) {
        var g = caller + "/bin/false --root " + gantry.root();
        return GantryInstance.command("sh", "-c", "G='" + g + "'; " + script);
    }

    @Test
    void streamsDirectoryEnvironmentAndExitCodeAreTheCallers() {
        var ran =
                shell(
                        "cd "
                                + gantry.root()
                                + " && echo A=of-the-file > file && export B=exported && echo typed"
                                + " | $G run -i --rm --network none --env-file file -e B host-shell"
                                + " sh -c 'cat; echo $A $B; echo error >&2; exit 7'");

        assertThat(ran.out()).isEqualTo("typed\nof-the-file exported\n");
        assertThat(ran.err()).isEqualTo("error\n");
        assertThat(ran.code()).isEqualTo(7);
    }

    @Test
    void aPipeThatNobodyReadsAnyMoreEndsTheCommand() {
        var ran = shell("$G run --rm --network none host-shell yes | head -n 2");

        assertThat(ran.lines()).containsExactly("y", "y");
        assertThat(ran.err()).contains("EPIPE");
    }

    @Test
    void theTerminalIsRawWhileTheCommandRunsAndWhatIsTypedAfterItIsTheShells() {
        // Given a shell on a terminal, and input for the container and for the shell after it
        var script =
                "stty -g > before; $G run -it --rm --network none host-shell sh -c 'stty size; read"
                    + " x; echo got:$x'; stty -g > after; read y; echo shell:$y; cmp before after";
        var typed = "(sleep 2; echo one; sleep 2; echo two; sleep 1)";

        var ran =
                shell(
                        "cd "
                                + gantry.root()
                                + "; export G; "
                                + typed
                                + " | script -qec \"sh -c '"
                                + script.replace("'", "'\\''").replace("$", "\\$")
                                + "'\" /dev/null");

        assertThat(ran.out()).contains("24 80", "got:one", "shell:two").doesNotContain("differ");
    }

    @Test
    void signalsReachTheContainer() {
        var ran =
                shell(
                        "$G run --rm --name signalled --network none host-shell sh -c 'trap \"echo"
                                + " term; exit 9\" TERM; echo up; while :; do sleep 0.1; done' > "
                                + gantry.root()
                                + "/out & caller=$!; until grep -q up "
                                + gantry.root()
                                + "/out; do sleep 0.1; done; kill -TERM $caller; wait $caller; echo"
                                + " $?");

        assertThat(ran.out()).isEqualTo("9\n");
        assertThat(gantry.root().resolve("out")).hasContent("up\nterm");
    }

    @Test
    void aKilledCallerLeavesItsContainerAndNothingInTheResident() throws IOException {
        gantry.gantry("ps").ok();
        var before = descriptors();

        shell(
                "$G run --name left --network none host-shell sleep 1000 & caller=$!; until $G exec"
                        + " left true 2> /dev/null; do sleep 0.1; done; kill -9 $caller");

        assertThat(gantry.gantry("ps").ok().out()).contains("left");
        gantry.gantry("rm", "-f", "left").ok();
        eventually("the descriptors are as before", () -> descriptors().size() <= before.size());
    }

    @Test
    void theResidentMayBeKilled() {
        var ran =
                shell(
                        "$G run --name outlives --network none host-shell sleep 1000 & caller=$!;"
                            + " until $G exec outlives true 2> /dev/null; do sleep 0.1; done; kill"
                            + " -9 "
                                + gantry.pid("cli")
                                + "; wait $caller; echo $?");

        assertThat(ran.out()).isEqualTo("125\n");
        assertThat(ran.err()).contains("the resident command line has ended");
        gantry.gantry("exec", "outlives", "true").ok();
        gantry.gantry("rm", "-f", "outlives").ok();
        eventually("it is back", () -> shell("$G version").code() == 0);
    }

    @Test
    void whoSeesAnotherHostRunsItself() {
        assertThat(shell("$G version").out()).startsWith("gantry ");

        var g = "G='" + caller + "/bin/echo itself --root " + gantry.root() + "';";
        for (var surroundings :
                List.of(
                        "umask 077; $G version",
                        "unshare --mount $G version",
                        "unshare --pid --fork $G version",
                        "unshare --cgroup $G version",
                        "setpriv --reuid 64210 --clear-groups $G version",
                        "$G version <&-",
                        "$G --embedded images",
                        "exec 2>&1; $G up")) {
            var ran = GantryInstance.command("sh", "-c", g + surroundings);
            assertThat(ran.out() + ran.err()).as(surroundings).contains("itself");
        }
    }

    @Test
    void anotherBuildIsNotTaken() {
        var other = caller.replaceFirst(" gantry [0-9a-f]+ ", " gantry 00000000 ");

        var ran = GantryInstance.command("sh", "-c", other + "/bin/echo itself");

        assertThat(ran.out()).contains("itself");
    }

    @Test
    void manyCommandsAtOnceAreEachTheirOwn() {
        var ran =
                shell(
                        "for i in $(seq 40); do (echo $i | $G run -i --rm --network none host-shell"
                                + " cat > "
                                + gantry.root()
                                + "/many.$i; [ \"$(cat "
                                + gantry.root()
                                + "/many.$i)\" = $i ] && echo ok) & done; wait");

        assertThat(ran.lines()).hasSize(40).containsOnly("ok");
    }

    @Test
    void whoeverSpeaksAnotherLanguageIsHungUpOn() {
        var script =
                "import socket,sys\n"
                        + "for m in (b'x', b'C', b'C'+bytes(12), b'C\\1\\0\\0\\0'+b'\\xff'*90,"
                        + " b'C'*100000):\n"
                        + "  s=socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                        + "  s.connect(sys.argv[1])\n"
                        + "  socket.send_fds(s, [m], [0,1,2])\n"
                        + "  s.settimeout(10)\n"
                        + "  try: assert s.recv(10)==b''\n"
                        + "  except ConnectionResetError: pass\n";

        var ran =
                GantryInstance.command(
                        "python3", "-c", script, gantry.root() + "/run/cli/cli.sock");

        ran.ok();
        assertThat(shell("$G version").ok().out()).startsWith("gantry ");
    }

    private static List<String> descriptors() {
        try (Stream<Path> list = Files.list(Path.of("/proc/" + gantry.pid("cli") + "/fd"))) {
            return list.map(Path::toString).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
