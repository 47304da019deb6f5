package dev.gantry.orchestrator.it;

import static dev.gantry.orchestrator.it.GantryInstance.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What people do with containers on their own machine: compile with the tools of an image, work in
 * a shell of it, keep data in volumes, take files along. The image is a Debian of several layers.
 */
@RequiresRoot
class RealUseIT {
    private static final String DEBIAN = "debian:bookworm";
    private static final String USER = "1234:1235";
    private static GantryInstance gantry;

    @TempDir Path source;

    @BeforeAll
    static void up() {
        var layout = command("src/test/bases/debian", "layout").ok().out().strip();
        gantry = GantryInstance.up();
        gantry.gantry("import", layout, DEBIAN).ok();
        gantry.gantry("run", "--rm", "--network", "none", "host-shell", "true").ok();
    }

    @AfterAll
    static void down() {
        gantry.close();
    }

    private static String out(String... arguments) {
        return gantry.gantry(arguments).ok().out().strip();
    }

    /** In Debian, as a user of no name, in the directory of the source. */
    private List<String> atWork(String... more) {
        var words = new ArrayList<>(List.of("run", "--rm", "--network", "none", "-u", USER));
        words.addAll(List.of("-v", source + ":/src", "-w", "/src"));
        words.addAll(List.of(more));
        return words;
    }

    private String work(String... more) {
        return out(atWork(more).toArray(String[]::new));
    }

    private void theUsers() {
        command("chown", USER, source.toString()).ok();
    }

    private String ownerOf(String file) {
        return command("stat", "-c", "%u:%g", source.resolve(file).toString()).ok().out().strip();
    }

    @Test
    void aCProgramIsCompiledWithTheToolsOfAnImage() throws IOException {
        theUsers();
        Files.writeString(
                source.resolve("hello.c"),
                """
                #include <math.h>
                #include <stdio.h>
                int main(void) { printf("%.0f\\n", sqrt(1764)); }
                """);
        Files.writeString(source.resolve("Makefile"), "hello: hello.c\n\tgcc -o $@ $< -lm\n");

        work(DEBIAN, "make");

        assertThat(ownerOf("hello")).isEqualTo(USER);
        assertThat(work(DEBIAN, "./hello")).isEqualTo("42");
    }

    @Test
    void aJavaProgramIsCompiledWithAJdkOfTheHost() throws IOException {
        theUsers();
        Files.writeString(
                source.resolve("Hello.java"),
                """
                class Hello {
                    public static void main(String[] words) {
                        System.out.println(System.getProperty("user.dir") + " " + words[0]);
                    }
                }
                """);
        var jdk = System.getProperty("java.home") + ":/jdk:ro";

        work("-v", jdk, DEBIAN, "/jdk/bin/javac", "-d", "out", "Hello.java");

        assertThat(ownerOf("out/Hello.class")).isEqualTo(USER);
        assertThat(work("-v", jdk, DEBIAN, "/jdk/bin/java", "-cp", "out", "Hello", "42"))
                .isEqualTo("/src 42");
        var written =
                gantry.gantry(
                        "run", "--rm", "--network", "none", "-v", jdk, DEBIAN, "touch", "/jdk/x");
        assertThat(written.err()).contains("Read-only file system");
    }

    @Test
    void aShellForDevelopmentHasTheUsersIdAndDirectory() {
        theUsers();
        var words = atWork("-i", "-e", "HOME=/src", "--tmpfs", "/tmp", DEBIAN, "bash");

        var shell =
                gantry.gantryWithInput(
                        "id -u; id -g; pwd\ngit init -q repository\n"
                                + "cd repository && echo text > file && git add file\n"
                                + "git -c user.name=n -c user.email=e commit -qm first\n"
                                + "git log --format=%s\n",
                        words.toArray(String[]::new));

        assertThat(shell.ok().lines()).containsExactly("1234", "1235", "/src", "first");
        assertThat(ownerOf("repository/file")).isEqualTo(USER);
    }

    @Test
    void aVolumeOfTheContainersOwnGoesWithItAndANamedOneIsKept() {
        out("run", "--rm", "--network", "none", "-v", "/own", "host-shell", "touch", "/own/x");
        assertThat(out("volume", "ls", "-q")).isEmpty();

        out(
                "run",
                "--name",
                "has",
                "--network",
                "none",
                "-v",
                "/own",
                "-v",
                "kept:/k",
                "host-shell",
                "sh",
                "-c",
                "echo text > /k/file; echo 12345 > /own/file");
        var own = out("volume", "ls", "--format", "{{.Name}}").replace("kept", "").strip();
        var refused = gantry.gantry("volume", "rm", "kept");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("volume kept is used by container");
        assertThat(out("volume", "inspect", "-f", "{{.Anonymous}}", own, "kept"))
                .isEqualTo("true\nfalse");
        assertThat(out("ps", "-aq", "--filter", "volume=kept")).hasSize(12);

        // Without -v its own volume stays, for prune to take
        out("rm", "has");
        assertThat(out("volume", "ls", "-q", "-f", "dangling=true").lines()).hasSize(2);
        assertThat(out("volume", "prune", "-f")).contains(own).doesNotContain("kept");
        assertThat(
                        out(
                                "run",
                                "--rm",
                                "--network",
                                "none",
                                "-v",
                                "kept:/k:ro",
                                "host-shell",
                                "cat",
                                "/k/file"))
                .isEqualTo("text");

        out("create", "--name", "has", "--network", "none", "-v", "/own", "host-shell", "true");
        out("rm", "-v", "has");
        assertThat(out("volume", "ls", "-q")).isEqualTo("kept");
        out("volume", "rm", "kept");
    }

    @Test
    void mountsAreAsTheLongFormSays() {
        var seen =
                out(
                        "run",
                        "--rm",
                        "--network",
                        "none",
                        "--mount",
                        "type=bind,src=" + source + ",dst=/b,readonly,bind-propagation=rslave",
                        "--mount",
                        "type=tmpfs,dst=/t,tmpfs-size=64k,tmpfs-mode=1770",
                        "--mount",
                        "type=volume,src=long,dst=/v,ro",
                        "host-shell",
                        "sh",
                        "-c",
                        "for d in /b /v; do touch $d/x 2> /dev/null || echo $d is read-only; done;"
                                + " stat -c %a /t; df -k /t | tail -n 1 | awk '{print $2}'");

        assertThat(seen).isEqualTo("/b is read-only\n/v is read-only\n1770\n64");
        out("volume", "rm", "long");
    }

    /** A command that is over at once has written before anybody could attach. */
    @Test
    void startAttachedTellsAllThatWasWritten() {
        out(
                "create",
                "--name",
                "short",
                "--network",
                "none",
                "host-shell",
                "sh",
                "-c",
                "echo out; echo err >&2; exit 3");
        for (int round = 0; round < 10; round++) {
            var started = gantry.gantry("start", "-a", "short");

            assertThat(started.code()).isEqualTo(3);
            assertThat(started.out()).isEqualTo("out\n");
            assertThat(started.err()).isEqualTo("err\n");
        }
        out("rm", "short");
    }

    @Test
    void anImageIsMountedBesideTheRootAndKeptAsLongAsItIs() {
        var mount = "type=image,src=" + DEBIAN + ",dst=/debian";
        out(
                "run",
                "--name",
                "sees",
                "--network",
                "none",
                "--mount",
                mount,
                "host-shell",
                "sh",
                "-c",
                "grep ^ID= /debian/etc/os-release; touch /debian/x 2> /dev/null || echo read-only");
        assertThat(out("logs", "sees")).isEqualTo("ID=debian\nread-only");
        assertThat(gantry.gantry("rmi", DEBIAN).err()).contains("is used by container");
        out("start", "sees");
        out("wait", "sees");
        assertThat(out("logs", "sees").lines()).hasSize(4);
        assertThat(out("diff", "sees")).contains("A /debian").doesNotContain("/debian/");
        out("rm", "sees");
        assertThat(
                        gantry.gantry(
                                        "run",
                                        "--rm",
                                        "--mount",
                                        "type=image,src=absent,dst=/x",
                                        "host-shell",
                                        "true")
                                .err())
                .contains("no such image");
        assertThat(out("ps", "-aq")).isEmpty();
    }

    @Test
    void aContainersFilesGoOutAndComeInAgain() throws IOException {
        out(
                "run",
                "--name",
                "exported",
                "--network",
                "none",
                "host-shell",
                "sh",
                "-c",
                "echo text > /new; rm /etc/group; ln -s new /link");
        var tar = source.resolve("root.tar");

        out("export", "-o", tar.toString(), "exported");
        var names = command("tar", "tf", tar.toString()).ok().out();
        out(
                "import",
                "-m",
                "came back",
                "-c",
                "CMD [\"cat\", \"/link\"]",
                "-c",
                "ENV A=b",
                tar.toString(),
                "back");

        assertThat(names.lines())
                .contains("new", "link", "bin/busybox")
                .doesNotContain("etc/group");
        assertThat(out("run", "--rm", "--network", "none", "back")).isEqualTo("text");
        assertThat(out("inspect", "-f", "{{json .Config.Env}} {{.Comment}}", "back"))
                .isEqualTo("[\"A=b\"] came back");
        out("rm", "exported");
        out("rmi", "back");
    }

    @Test
    void aCommitOfARunningContainerFreezesItAndMayChangeTheConfiguration() {
        out(
                "run",
                "-d",
                "--name",
                "committed",
                "--network",
                "none",
                "host-shell",
                "sh",
                "-c",
                "while :; do echo x >> /growing; done");

        var id = out("commit", "-a", "me", "-c", "WORKDIR /etc", "-c", "LABEL a=b", "committed");

        assertThat(out("inspect", "-f", "{{.State.Status}}", "committed")).isEqualTo("running");
        assertThat(
                        out(
                                "run",
                                "--rm",
                                "--network",
                                "none",
                                id,
                                "sh",
                                "-c",
                                "pwd; head -n 1 /growing"))
                .isEqualTo("/etc\nx");
        assertThat(out("image", "inspect", "-f", "{{.Author}} {{json .Config.Labels}}", id))
                .isEqualTo("me {\"a\":\"b\"}");
        var refused = gantry.gantry("commit", "-c", "RUN true", "committed");
        assertThat(refused.err()).contains("RUN changes more than a configuration");
        out("rm", "-f", "committed");
        out("rmi", id);
    }

    @Test
    void aContainerIsMadeAnewWhenItsImageHasANewerOne() throws IOException {
        // Given containers on an image, with data in volumes, and a newer image of its name
        out("tag", "host-shell", "service");
        var serve = "cat /version; cat /data/file /own/file; sleep 1000";
        for (var name : List.of("asks", "waits")) {
            out(
                    "run",
                    "-d",
                    "--name",
                    name,
                    "--network",
                    "none",
                    "-m",
                    "64m",
                    "-l",
                    name.equals("asks") ? "gantry.update=recreate" : "other",
                    "-v",
                    name + ":/data",
                    "-v",
                    "/own",
                    "service",
                    "sh",
                    "-c",
                    "[ -e /data/file ] || echo kept | tee /data/file > /own/file; " + serve);
        }
        var before = out("inspect", "-f", "{{.Id}}", "asks");
        assertThat(out("image", "outdated").lines()).hasSize(1);
        out(
                "run",
                "--name",
                "newer",
                "--network",
                "none",
                "host-shell",
                "sh",
                "-c",
                "echo 2 > /version");
        out("commit", "newer", "service");
        out("rm", "newer");

        // When the images are looked at, and updated
        var outdated = out("image", "outdated", "--format", "{{.Name}}: {{.Containers}}");
        var updated = out("image", "update", "service");

        // Then the one that asks for it runs over the new image with its data, the other as before
        assertThat(outdated).isEqualTo("service:latest: waits, asks");
        assertThat(updated)
                .contains("asks: made anew as ")
                .contains("waits: stands on an older image of service");
        assertThat(out("inspect", "-f", "{{.Id}}", "asks")).isNotEqualTo(before);
        GantryInstance.eventually(
                "it found its data", () -> out("logs", "asks").equals("2\nkept\nkept"));
        assertThat(out("ps", "--format", "{{.name}}").lines()).hasSize(2);
        assertThat(out("ps", "-aq").lines()).hasSize(2);

        // And where the new one cannot start, the old one is there again
        out("run", "--name", "newest", "--network", "none", "host-shell", "rm", "/bin/sh");
        out("commit", "newest", "service");
        out("rm", "newest");
        var failed = gantry.gantry("image", "update", "--recreate", "service");
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).contains("asks: ", "waits: ");
        assertThat(out("ps", "--format", "{{.name}}").lines())
                .containsExactlyInAnyOrder("asks", "waits");
        assertThat(out("logs", "asks")).startsWith("2\nkept\nkept\n2\nkept");
        out("rm", "-f", "-v", "asks", "waits");
        out("volume", "rm", "asks", "waits");
        out("rmi", "service");
        out("image", "prune", "-f");
    }

    @Test
    void whatTakesTheDiskIsToldAndGivenBack() {
        out(
                "run",
                "--name",
                "big",
                "--network",
                "none",
                "host-shell",
                "dd",
                "if=/dev/urandom",
                "of=/big",
                "bs=1M",
                "count=3");
        out("commit", "big", "big-image");

        assertThat(out("ps", "-a", "-s", "--filter", "name=big", "--format", "{{.Size}}"))
                .startsWith("3.1");
        assertThat(Long.parseLong(out("inspect", "-s", "-f", "{{.SizeRw}}", "big")))
                .isBetween(3L << 20, (3L << 20) + 65536);
        assertThat(out("system", "df", "--format", "{{.Type}} {{.TotalCount}}"))
                .contains("Images ", "Containers 1", "Local Volumes 0");
        assertThat(out("system", "df", "-v")).contains("big-image", "3.1");

        var containers = out("container", "prune", "-f", "--filter", "label=none-has-it");
        assertThat(containers).isEqualTo("Deleted Containers:\nTotal reclaimed space: 0B");
        assertThat(out("container", "prune", "-f")).contains("Total reclaimed space: 3.1");
        assertThat(out("image", "prune", "-f")).contains("Total reclaimed space: 0B");
        out("network", "create", "pruned");
        assertThat(out("network", "prune", "-f")).contains("pruned");
        assertThat(out("image", "prune", "-a", "-f", "--filter", "reference=big-image"))
                .contains("untagged: big-image:latest", "Total reclaimed space: 3.1");
        assertThat(gantry.gantryWithInput("n\n", "image", "prune", "-a").ok().out())
                .contains("[y/N]")
                .doesNotContain("deleted:");
    }
}
