package dev.gantry.orchestrator.it;

import static dev.gantry.orchestrator.it.GantryInstance.command;
import static dev.gantry.orchestrator.it.GantryInstance.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The demonstrations of "What is a container?", each made by Gantry: the tour of the README. */
@RequiresRoot
class ArticleIT {
    private static GantryInstance gantry;

    @TempDir Path scratch;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
    }

    @AfterAll
    static void down() {
        gantry.close();
    }

    @Test
    void aRootWithShAndItsLibrariesOnly() throws IOException {
        // Given a directory with nothing but sh and the libraries that it asks for
        var root = Files.createDirectories(scratch.resolve("root/bin")).getParent();
        command(
                        "sh",
                        "-c",
                        "cp -L /bin/sh "
                                + root
                                + "/bin/sh; for l in $(ldd /bin/sh | grep -o '/[^ ]*');"
                                + " do mkdir -p "
                                + root
                                + "$(dirname $l); cp -L $l "
                                + root
                                + "$l; done")
                .ok();
        gantry.gantry("import", root.toString(), "chroot").ok();

        // When a shell runs in it
        var result = gantry.gantry("run", "--rm", "chroot", "/bin/sh", "-c", "echo inside; ls");

        // Then it works, and there is no ls
        assertThat(result.out()).isEqualTo("inside\n");
        assertThat(result.err()).contains("ls: not found");
        assertThat(result.code()).isEqualTo(127);
    }

    @Test
    void itsOwnProcessesOnly() {
        var result = gantry.gantry("run", "--rm", "host-shell", "sh", "-c", "ps; true").ok();

        assertThat(result.lines()).hasSize(3);
        assertThat(result.lines().get(1).strip()).startsWith("1 ");
        assertThat(result.lines().get(2)).contains("ps");
    }

    @Test
    void onlyLoopbackInANewNetworkNamespace() {
        var result =
                gantry.gantry("run", "--rm", "--network", "none", "host-shell", "ip", "addr").ok();

        assertThat(result.out()).contains("1: lo: <LOOPBACK,UP").contains("inet 127.0.0.1/8");
        assertThat(result.out()).doesNotContain("2: ");
    }

    @Test
    void enteringARunningNamespace() {
        gantry.gantry("run", "-d", "--name", "entered", "host-shell", "sleep", "1000").ok();

        var result = gantry.gantry("exec", "entered", "ps").ok();

        assertThat(result.out()).contains("sleep 1000");
        assertThat(result.lines()).hasSize(3);
        gantry.gantry("rm", "-f", "entered").ok();
    }

    @Test
    void aMemoryLimitKillsWhatExceedsIt() {
        var result =
                gantry.gantry(
                        "run",
                        "--name",
                        "greedy",
                        "-m",
                        "100m",
                        "host-shell",
                        "dd",
                        "if=/dev/zero",
                        "of=/dev/null",
                        "bs=200M",
                        "count=1");

        assertThat(result.code()).isEqualTo(137);
        eventually(
                "the reason is known",
                () ->
                        gantry.gantry("inspect", "-f", "{{.State.OOMKilled}}", "greedy")
                                .out()
                                .strip()
                                .equals("true"));
        gantry.gantry("rm", "greedy").ok();
    }

    @Test
    void aSeccompProfileForbidsACall() throws IOException {
        var profile =
                Files.writeString(
                        scratch.resolve("no-mkdir.json"),
                        """
                        {"defaultAction": "SCMP_ACT_ALLOW",
                         "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
                        """);

        var result =
                gantry.gantry(
                        "run",
                        "--rm",
                        "--security-opt",
                        "seccomp=" + profile,
                        "host-shell",
                        "mkdir",
                        "/tmp/d");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("Operation not permitted");
    }

    @Test
    void theDefaultProfileRefusesBpfAddKeyAndKexecLoad() throws IOException {
        // Given a program that calls all three
        var source =
                Files.writeString(
                        scratch.resolve("calls.c"),
                        """
                        #include <errno.h>
                        #include <stdio.h>
                        #include <sys/syscall.h>
                        #include <unistd.h>
                        int main(void) {
                            long a = syscall(SYS_bpf, 0, 0, 0); int ea = errno;
                            long b = syscall(SYS_add_key, "user", "k", "v", 1, -2); int eb = errno;
                            long c = syscall(SYS_kexec_load, 0, 0, 0, 0); int ec = errno;
                            printf("%ld %d %ld %d %ld %d\\n", a, ea, b, eb, c, ec);
                        }
                        """);
        command("gcc", "-static", "-o", scratch + "/calls", source.toString()).ok();

        // When it runs in a container
        var result =
                gantry.gantry(
                                "run",
                                "--rm",
                                "-v",
                                scratch + "/calls:/calls:ro",
                                "host-shell",
                                "/calls")
                        .ok();

        // Then each answers EPERM
        assertThat(result.out().strip()).isEqualTo("-1 1 -1 1 -1 1");
    }

    @Test
    void layersLowerAndUpperSeenAsOne() throws IOException {
        // Given an image with a file, and a container that adds another
        gantry.gantry(
                        "run",
                        "--name",
                        "layered",
                        "host-shell",
                        "sh",
                        "-c",
                        "echo upper > /i-am-the-upper; rm /etc/group")
                .ok();

        // When the container's changes are listed, and made an image
        var diff = gantry.gantry("diff", "layered").ok();
        gantry.gantry("commit", "-m", "upper", "layered", "layered-image").ok();
        var both = gantry.gantry("run", "--rm", "layered-image", "ls", "/", "/etc").ok();
        var below = gantry.gantry("run", "--rm", "host-shell", "ls", "/", "/etc").ok();

        // Then the upper layer hides and adds, and the lower one is as it was
        assertThat(diff.lines()).contains("A /i-am-the-upper", "D /etc/group");
        assertThat(both.out()).contains("i-am-the-upper", "bin").doesNotContain("group");
        assertThat(below.out()).contains("group").doesNotContain("i-am-the-upper");
        assertThat(gantry.gantry("history", "layered-image").ok().lines()).hasSize(3);
        gantry.gantry("rm", "layered").ok();
    }

    @Test
    void aVethPairBetweenHostAndContainerAndAWayOut() {
        // Given a container on the bridge, and a network beyond the host
        var id = gantry.gantry("run", "-d", "--name", "pinged", "host-shell", "sleep", "1000").ok();
        var address =
                gantry.gantry("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "pinged")
                        .ok()
                        .out()
                        .strip();
        var gateway =
                gantry.gantry("inspect", "-f", "{{.NetworkSettings.Gateway}}", "pinged")
                        .ok()
                        .out()
                        .strip();
        var outside = "gantry-it-outside";
        command("ip", "netns", "add", outside).ok();
        try {
            gantry.host(
                            "ip", "link", "add", "out0", "type", "veth", "peer", "name", "out1",
                            "netns", outside)
                    .ok();
            gantry.host("ip", "addr", "add", "198.51.100.1/24", "dev", "out0").ok();
            gantry.host("ip", "link", "set", "out0", "up").ok();
            command("ip", "-n", outside, "addr", "add", "198.51.100.2/24", "dev", "out1").ok();
            command("ip", "-n", outside, "link", "set", "out1", "up").ok();

            // When each pings the other, and the container pings beyond the host
            gantry.host("ping", "-c", "1", "-W", "5", address).ok();
            gantry.gantry("exec", "pinged", "ping", "-c", "1", "-W", "5", gateway).ok();
            gantry.gantry("exec", "pinged", "ping", "-c", "1", "-W", "5", "198.51.100.2").ok();

            // Then the container has an address and routes of its own
            assertThat(gantry.gantry("exec", "pinged", "ip", "addr").ok().out()).contains(address);
            assertThat(gantry.gantry("exec", "pinged", "ip", "route").ok().out())
                    .contains("default via " + gateway);
            assertThat(id.out().strip()).hasSize(64);
        } finally {
            command("ip", "netns", "del", outside).ok();
            gantry.gantry("rm", "-f", "pinged").ok();
        }
    }

    @Test
    void containersFindEachOtherByName() {
        gantry.gantry("network", "create", "friends").ok();
        gantry.gantry(
                        "run",
                        "-d",
                        "--name",
                        "alice",
                        "--network",
                        "friends",
                        "host-shell",
                        "sleep",
                        "1000")
                .ok();

        var ping =
                gantry.gantry(
                        "run",
                        "--rm",
                        "--network",
                        "friends",
                        "host-shell",
                        "ping",
                        "-c",
                        "1",
                        "-W",
                        "5",
                        "alice");

        assertThat(ping.err() + ping.out()).contains("1 packets received");
        gantry.gantry("rm", "-f", "alice").ok();
        gantry.gantry("network", "rm", "friends").ok();
    }

    @Test
    void severalProcessesUnderAnInitThatReaps() {
        // Given orphans that end under an init
        gantry.gantry(
                        "run",
                        "-d",
                        "--init",
                        "--name",
                        "reaper",
                        "host-shell",
                        "sh",
                        "-c",
                        "for i in 1 2 3; do (sh -c 'exit 0' &); done; exec sleep 1000")
                .ok();

        // Then no zombie stays
        eventually(
                "the orphans are reaped",
                () -> {
                    var ps = gantry.gantry("exec", "reaper", "ps").out();
                    return ps.contains("sleep 1000") && !ps.contains("[sh]");
                });
        gantry.gantry("rm", "-f", "reaper").ok();
    }

    @Test
    void severalServicesInsideOneContainer() {
        gantry.gantry(
                        "run",
                        "-d",
                        "--init",
                        "--name",
                        "several",
                        "-p",
                        "18080:80",
                        "-p",
                        "18081:81",
                        "host-shell",
                        "sh",
                        "-c",
                        "mkdir -p /www; echo web > /www/index.html; httpd -p 80 -h /www;"
                                + " while :; do echo other | nc -l -p 81; done")
                .ok();

        eventually(
                "both answer on published ports",
                () ->
                        gantry.host("busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:18080/")
                                        .out()
                                        .equals("web\n")
                                && gantry.host(
                                                "sh",
                                                "-c",
                                                "busybox nc -w 2 127.0.0.1 18081 < /dev/null")
                                        .out()
                                        .equals("other\n"));
        gantry.gantry("rm", "-f", "several").ok();
    }

    @Test
    void aNewVolumeHasWhatTheImageHasThere() {
        gantry.gantry(
                        "run",
                        "--rm",
                        "-v",
                        "filled:/etc",
                        "host-shell",
                        "sh",
                        "-c",
                        "echo x > /etc/group")
                .ok();
        var again =
                gantry.gantry(
                        "run",
                        "--rm",
                        "-v",
                        "filled:/srv",
                        "host-shell",
                        "cat",
                        "/srv/group",
                        "/srv/passwd");
        var empty =
                gantry.gantry(
                        "run",
                        "--rm",
                        "--mount",
                        "type=volume,src=bare,dst=/etc,volume-nocopy",
                        "host-shell",
                        "ls",
                        "/etc/group");

        assertThat(again.ok().out()).startsWith("x\n").contains("root:");
        assertThat(empty.code()).isNotZero();
        gantry.gantry("volume", "rm", "filled", "bare").ok();
    }
}
