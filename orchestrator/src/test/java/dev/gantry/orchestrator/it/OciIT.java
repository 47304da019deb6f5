package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** The command gantry-oci as a caller of runc uses it, on the real services and kernel. */
@RequiresRoot
class OciIT {
    private static GantryInstance gantry;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
    }

    @AfterAll
    static void down() {
        gantry.close();
    }

    @Test
    void runPassesStdioAndExitCodeOnAndLeavesNothing() {
        var bundle =
                bundle("run", "sh", "-c", "read word; echo \"got $word\"; echo bad >&2; exit 7");

        var run = gantry.oci("it\n", "run", "--bundle", bundle, "run");

        assertThat(run.out()).isEqualTo("got it\n");
        assertThat(run.err()).isEqualTo("bad\n");
        assertThat(run.code()).isEqualTo(7);
        assertThat(gantry.root().resolve("oci/run")).doesNotExist();
        assertThat(gantry.root().resolve("run/containers")).isEmptyDirectory();
    }

    /** As conmon does: it is the subreaper, and learns from the kernel how the process ended. */
    @Test
    void aDetachedExecThatEndsAtOnceIsReapedByWhoCalled() throws IOException {
        var bundle = bundle("reaped", "sleep", "1000");
        gantry.shell("$OCI run -d --bundle " + bundle + " reaped > /dev/null 2>&1").ok();
        var process = gantry.root().resolve("process.json");
        Files.writeString(
                process,
                "{\"args\": [\"sh\", \"-c\", \"exit 9\"], \"cwd\": \"/\","
                        + " \"env\": [\"PATH=/bin\"], \"user\": {\"uid\": 0, \"gid\": 0}}");
        var caller =
                "import ctypes,os,subprocess,sys\n"
                        + "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
                        + "subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL)\n"
                        + "print(os.waitstatus_to_exitcode(os.waitpid(int(open('"
                        + gantry.root().resolve("reaped.pid")
                        + "').read()), 0)[1]))\n";
        Files.writeString(gantry.root().resolve("caller.py"), caller);

        var ran =
                gantry.shell(
                        "python3 "
                                + gantry.root().resolve("caller.py")
                                + " $OCI exec -d --process "
                                + process
                                + " --pid-file "
                                + gantry.root().resolve("reaped.pid")
                                + " reaped");

        assertThat(ran.ok().out()).isEqualTo("9\n");
        gantry.oci("", "delete", "--force", "reaped").ok();
    }

    @Test
    void theLifeOfAContainerStepByStep() throws IOException {
        var bundle = bundle("life", "sh", "-c", "trap 'exit 3' TERM; echo up; sleep 1000 & wait");
        var pidFile = gantry.root().resolve("life.pid");

        gantry.shell(
                        "$OCI create --bundle "
                                + bundle
                                + " --pid-file "
                                + pidFile
                                + " life > /dev/null 2>&1")
                .ok();
        long pid = Long.parseLong(Files.readString(pidFile));
        assertThat(state("life").path("status").asText()).isEqualTo("created");
        assertThat(state("life").path("pid").asLong()).isEqualTo(pid);
        assertThat(gantry.oci("", "delete", "life").err()).contains("not stopped: created");

        gantry.oci("", "start", "life").ok();
        assertThat(state("life").path("status").asText()).isEqualTo("running");
        assertThat(gantry.oci("", "start", "life").err())
                .contains("cannot start a container that is running");

        gantry.oci("", "kill", "life", "TERM").ok();
        GantryInstance.eventually(
                "stopped", () -> state("life").path("status").asText().equals("stopped"));
        assertThat(gantry.oci("", "kill", "life", "TERM").err()).contains("container not running");
        gantry.oci("", "delete", "life").ok();

        assertThat(gantry.oci("", "state", "life").err())
                .isEqualTo("gantry-oci: container life does not exist\n");
        assertThat(gantry.oci("", "delete", "life").code()).isEqualTo(1);
        gantry.oci("", "delete", "--force", "life").ok();
        assertThat(gantry.root().resolve("run/containers")).isEmptyDirectory();
    }

    /** Its parent is another than the shim, so it does not die with that. */
    @Test
    void oneWhoseShimIsKilledGoesOnAndCanBeDeleted() throws Exception {
        var bundle = bundle("orphan", "sleep", "1000");
        gantry.shell("$OCI run -d --bundle " + bundle + " orphan > /dev/null 2>&1").ok();
        long pid = state("orphan").path("pid").asLong();

        gantry.shell(
                        "for p in /proc/[0-9]*; do [ \"$(readlink $p/cwd)\" != %s/run/containers/*-orphan ]"
                                        .formatted(gantry.root())
                                + " || kill -9 ${p#/proc/}; done")
                .ok();

        assertThat(state("orphan").path("status").asText()).isEqualTo("running");
        gantry.oci("", "delete", "--force", "orphan").ok();
        GantryInstance.eventually("reaped", () -> !Files.exists(Path.of("/proc", "" + pid)));
        assertThat(gantry.root().resolve("run/containers")).isEmptyDirectory();
    }

    @Test
    void debugTellsEveryOperation() {
        var run =
                gantry.oci(
                        "",
                        "--debug",
                        "run",
                        "--bundle",
                        bundle("told", "true").toString(),
                        "told");

        assertThat(run.ok().err()).contains("level=debug", "pivot_root", "init: closing the pipe");
    }

    /** What conmon and containerd's shim count on: the init becomes a child of who waits for it. */
    @Test
    void theInitIsTheSubreapersToWaitFor() {
        var bundle = bundle("reap", "sh", "-c", "exit 42");
        var reaper =
                """
                import ctypes, os, subprocess, sys
                ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
                run = lambda *words: subprocess.run(sys.argv[1:] + list(words), check=True,
                    stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
                run("create", "--bundle", os.environ["BUNDLE"], "--pid-file", os.environ["PIDS"], "reap")
                init = int(open(os.environ["PIDS"]).read())
                run("start", "reap")
                print(os.waitstatus_to_exitcode(os.waitpid(init, 0)[1]))
                run("delete", "reap")
                """;

        var run =
                gantry.shell(
                        "export BUNDLE=%s PIDS=%s/reap.pid; python3 -c '%s' $OCI"
                                .formatted(bundle, gantry.root(), reaper));

        assertThat(run.ok().out()).isEqualTo("42\n");
    }

    /** The other end of the terminal goes to the console socket, and create holds no pipe open. */
    @Test
    void aTerminalGoesToTheConsoleSocket() {
        var bundle =
                bundle(
                        "tty",
                        config -> config.withObject("process").put("terminal", true),
                        "sh",
                        "-c",
                        "tty; stty size");
        var console =
                """
                import array, os, socket, subprocess, sys
                path = os.environ["ROOT"] + "/console.sock"
                listening = socket.socket(socket.AF_UNIX); listening.bind(path); listening.listen(1)
                subprocess.run(sys.argv[1:] + ["create", "-b", os.environ["BUNDLE"], "--console-socket", path, "tty"],
                    check=True, capture_output=True)
                taken, control, _, _ = listening.accept()[0].recvmsg(100, 100)
                master = array.array("i", control[0][2])[0]
                subprocess.run(sys.argv[1:] + ["start", "tty"], check=True, capture_output=True)
                try:
                    while out := os.read(master, 1000):
                        sys.stdout.write(out.decode())
                except OSError:
                    subprocess.run(sys.argv[1:] + ["delete", "-f", "tty"], check=True)
                """;

        var run =
                gantry.shell(
                        "export BUNDLE=%s ROOT=%s; python3 -c '%s' $OCI"
                                .formatted(bundle, gantry.root(), console));

        assertThat(run.ok().lines()).containsExactly("/dev/pts/0", "24 80");
    }

    @Test
    void furtherProcessesPauseUpdateListAndNumbers() throws IOException {
        var bundle = bundle("more", "sleep", "1000");
        gantry.shell("$OCI run -d -b " + bundle + " more > /dev/null 2>&1").ok();

        assertThat(gantry.oci("in", "exec", "more", "cat").ok().out()).isEqualTo("in");
        assertThat(
                        gantry.oci(
                                "",
                                "exec",
                                "-e",
                                "a=b",
                                "-u",
                                "3:4",
                                "--cwd",
                                "/bin",
                                "more",
                                "sh",
                                "-c",
                                "echo $a; pwd; id -u; exit 6"))
                .satisfies(
                        run -> {
                            assertThat(run.lines()).containsExactly("b", "/bin", "3");
                            assertThat(run.code()).isEqualTo(6);
                        });
        assertThat(gantry.oci("", "exec", "more", "no-such"))
                .satisfies(
                        run -> {
                            assertThat(run.err()).contains("no such file");
                            assertThat(run.code()).isEqualTo(255);
                        });

        gantry.oci("", "pause", "more").ok();
        assertThat(state("more").path("status").asText()).isEqualTo("paused");
        assertThat(gantry.oci("", "pause", "more").err()).contains("more is paused");
        gantry.oci("", "resume", "more").ok();
        assertThat(state("more").path("status").asText()).isEqualTo("running");

        gantry.oci("", "pause", "more").ok();
        gantry.oci("", "kill", "more", "KILL").ok();
        GantryInstance.eventually(
                "a frozen one is killed",
                () -> state("more").path("status").asText().equals("stopped"));
        gantry.oci("", "delete", "more").ok();
        gantry.shell("$OCI create -b " + bundle + " more > /dev/null 2>&1").ok();
        assertThat(gantry.oci("", "exec", "more", "id", "-u").ok().out()).isEqualTo("0\n");
        gantry.oci("", "start", "more").ok();

        gantry.oci("", "update", "--pids-limit", "17", "--memory", "40M", "more").ok();
        var event = Json.mapper().readTree(gantry.oci("", "events", "--stats", "more").ok().out());
        assertThat(event.at("/data/pids/limit").asInt()).isEqualTo(17);
        assertThat(event.at("/data/memory/usage/limit").asLong()).isEqualTo(40 << 20);
        assertThat(event.at("/data/pids/current").asInt()).isEqualTo(1);
        assertThat(gantry.oci("", "ps", "-f", "json", "more").ok().out().strip())
                .isEqualTo("[" + state("more").path("pid").asText() + "]");
        assertThat(gantry.oci("", "list", "-q").ok().lines()).contains("more");

        gantry.oci("", "kill", "--all", "more", "KILL").ok();
        gantry.oci("", "delete", "--force", "more").ok();
    }

    /** A shell's {@code <(…)} is one. */
    @Test
    void theProcessMayBeAnOpenDescriptorOfTheCallers() throws Exception {
        var bundle = bundle("given", "sleep", "1000");
        gantry.shell("$OCI run -d --bundle " + bundle + " given > /dev/null 2>&1").ok();
        var file = gantry.root().resolve("process.json");
        Files.writeString(
                file,
                "{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\",\"-c\",\"echo"
                        + " told\"],\"env\":[\"PATH=/bin:/sbin:/usr/bin:/usr/sbin\"]}");

        var run = gantry.shell("exec 4< " + file + "; $OCI exec -p /dev/fd/4 given");

        assertThat(run.ok().out()).isEqualTo("told\n");
        gantry.oci("", "delete", "--force", "given").ok();
    }

    @Test
    void theSourceOfABindIsRelativeToTheBundle() {
        var bundle =
                bundle(
                        "relative",
                        config -> {
                            var mount = config.withArray("mounts").addObject();
                            mount.put("destination", "/tmp/bundle").put("source", ".");
                            mount.put("type", "bind").putArray("options").add("bind");
                            config.withObject("root").put("readonly", false);
                        },
                        "ls",
                        "/tmp/bundle");

        var run = gantry.oci("", "run", "-b", bundle, "relative");

        assertThat(run.ok().lines()).containsExactly("config.json", "rootfs");
    }

    @Test
    void theCgroupsPathOfTheConfigurationIsTheContainersAndGoesWithIt() {
        var path = "/gantry-it-oci/" + gantry.root().getFileName();
        var bundle =
                bundle(
                        "placed",
                        config -> {
                            config.withObject("linux").put("cgroupsPath", path);
                            config.withObject("linux")
                                    .withObject("resources")
                                    .putObject("pids")
                                    .put("limit", 33);
                        },
                        "cat",
                        "/proc/self/cgroup");

        var run = gantry.oci("", "run", "-b", bundle, "placed");

        // seen from its own cgroup namespace, whose root its group is
        assertThat(run.ok().out()).contains("pids:/\n");
        assertThat(Path.of("/sys/fs/cgroup/pids" + path)).doesNotExist();
        assertThat(Path.of("/sys/fs/cgroup/pids/gantry-it-oci")).doesNotExist();
    }

    /** security.md row 2. */
    @Test
    void onlyThePreservedDescriptorsAreInside() {
        var bundle = bundle("fds", "ls", "/proc/self/fd");

        var none = gantry.shell("$OCI run -b " + bundle + " fds 3</ 4</etc 5</var");
        var two = gantry.shell("$OCI run --preserve-fds 2 -b " + bundle + " fds 3</ 4</etc 5</var");
        var missing = gantry.shell("$OCI run --preserve-fds 3 -b " + bundle + " fds 3</ 4</etc");

        // one more is that of the directory which ls reads
        assertThat(none.ok().lines()).containsExactly("0", "1", "2", "3");
        assertThat(two.ok().lines()).containsExactly("0", "1", "2", "3", "4", "5");
        assertThat(missing.err()).contains("--preserve-fds 3: descriptor 5 is not open");
        assertThat(gantry.root().resolve("oci/fds")).doesNotExist();
    }

    @Test
    void errorsAreOneLineAndInTheLog() throws IOException {
        var log = gantry.root().resolve("errors.json");
        var bundle = bundle("none", "no-such-command");

        var run =
                gantry.oci(
                        "",
                        "--log",
                        log.toString(),
                        "--log-format",
                        "json",
                        "run",
                        "-b",
                        bundle,
                        "none");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains("no-such-command").contains("no such file or directory");
        var line = Json.mapper().readTree(Files.readAllLines(log).getLast());
        assertThat(line.path("level").asText()).isEqualTo("error");
        assertThat(run.err()).contains(line.path("msg").asText());
        assertThat(gantry.root().resolve("oci/none")).doesNotExist();
    }

    @Test
    void whatCannotBeHonouredIsRefusedBeforeAnythingIsMade() {
        var bundle = bundle("refused", "true");

        assertThat(gantry.oci("", "create", "--no-pivot", "-b", bundle, "refused").err())
                .contains("--no-pivot");
        assertThat(gantry.oci("", "--systemd-cgroup", "create", "-b", bundle, "refused").err())
                .contains("--systemd-cgroup");
        assertThat(gantry.oci("", "create", "-b", bundle, "../up").err())
                .contains("invalid id format");
        assertThat(gantry.oci("", "create", "-b", "/nowhere", "refused").err())
                .contains("/nowhere/config.json");
        assertThat(gantry.root().resolve("oci/refused")).doesNotExist();
    }

    private static JsonNode state(String id) {
        try {
            return Json.mapper().readTree(gantry.oci("", "state", id).ok().out());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String bundle(String name, String... args) {
        return bundle(name, config -> {}, args);
    }

    /** A bundle around the host's busybox. */
    static String bundle(String name, Consumer<ObjectNode> change, String... args) {
        try {
            var bundle = Files.createDirectories(gantry.root().resolve("bundles").resolve(name));
            var bin = Files.createDirectories(bundle.resolve("rootfs/bin"));
            Files.copy(busybox(), bin.resolve("busybox"));
            for (var tool :
                    List.of("sh", "ls", "sleep", "cat", "id", "true", "tty", "ps", "stty")) {
                Files.createSymbolicLink(bin.resolve(tool), Path.of("busybox"));
            }
            var config = Json.mapper().createObjectNode();
            config.put("ociVersion", "1.0.2");
            config.putObject("root").put("path", "rootfs").put("readonly", true);
            var spec = Specs.of(args);
            config.set("process", Json.mapper().valueToTree(spec.process()));
            config.set("mounts", Json.mapper().valueToTree(spec.mounts()));
            var linux = config.putObject("linux");
            ArrayNode namespaces = linux.putArray("namespaces");
            for (var type : List.of("pid", "network", "mount", "ipc", "uts", "cgroup")) {
                namespaces.addObject().put("type", type);
            }
            change.accept(config);
            Json.mapper().writeValue(bundle.resolve("config.json").toFile(), config);
            return bundle.toString();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path busybox() {
        return List.of("/bin/busybox", "/usr/bin/busybox").stream()
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(
                        () -> new AssertionError("busybox is missing: apt-get install busybox"));
    }
}
