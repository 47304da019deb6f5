package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Signal;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** Mount options whose effect only a mount below, another namespace or another id shows. */
@RequiresRoot
class MountsIT extends HostedFixture {
    private static final String MAP = "[{\"containerID\":0,\"hostID\":200000,\"size\":65536}]";

    /** A tmpfs on the host with another one below; gone after the test. */
    private Path tree;

    @BeforeEach
    void mountTree() throws Exception {
        tree = Files.createTempDirectory(home, "tree");
        Files.setPosixFilePermissions(tree, PosixFilePermissions.fromString("rwxrwxrwx"));
        shell("mount -t tmpfs -o mode=777 tree " + tree);
        Files.createDirectory(tree.resolve("sub"));
        shell("mount -t tmpfs -o mode=777 sub " + tree.resolve("sub"));
    }

    @AfterEach
    void unmountTree() throws Exception {
        shell("umount -R " + tree);
    }

    private static void shell(String command) throws Exception {
        assertThat(new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor())
                .as(command)
                .isZero();
    }

    /** With one more mount of a JSON form. */
    private static OciSpec mounted(String script, OciMount mount, String... more) {
        var mounts = new ArrayList<>(Specs.MOUNTS);
        mounts.add(mount);
        return Specs.with(Specs.spec(Specs.process(false, "sh", "-c", script), mounts), more);
    }

    private OciMount bind(String... options) {
        return new OciMount("/t", "bind", tree.toString(), List.of(options));
    }

    @Test
    void attributesAreOfTheMountOrOfAllBelow() throws Exception {
        String script = "touch /t/a && echo above; touch /t/sub/a && echo below";

        assertThat(run(mounted(script, bind("rbind", "ro"))).out()).isEqualTo("below\n");
        assertThat(run(mounted(script, bind("rbind", "rro"))).out()).isEmpty();
        assertThat(run(mounted(script, bind("rbind", "rro", "rw"))).out()).isEqualTo("above\n");
        assertThat(run(mounted(script, bind("bind"))).out()).isEqualTo("above\nbelow\n");
        assertThat(tree.resolve("sub/a")).exists();
    }

    @Test
    void aSourceMayLieWhereTheUserNamespacesRootCannotGo() throws Exception {
        var closed = Files.createDirectory(home.resolve("closed"));
        var source = Files.createDirectory(closed.resolve("source"));
        Files.writeString(source.resolve("file"), "reached");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
        var maps = "[{\"containerID\":0,\"hostID\":200000,\"size\":1000}]";

        var out =
                run(
                        mounted(
                                "cat /t/file",
                                new OciMount("/t", "bind", source.toString(), List.of("bind")),
                                "namespaces",
                                "[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"user\"},"
                                    + "{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]",
                                "uidMappings",
                                maps,
                                "gidMappings",
                                maps));

        assertThat(out.err()).isEmpty();
        assertThat(out.out()).isEqualTo("reached");
    }

    @Test
    void aReadOnlyDevIsFilledFirst() throws Exception {
        var mounts = new ArrayList<>(Specs.MOUNTS);
        mounts.replaceAll(
                m ->
                        m.destination().equals("/dev")
                                ? new OciMount(
                                        "/dev", m.type(), m.source(), List.of("ro", "mode=755"))
                                : m);
        mounts.add(new OciMount("/dev/deep/er", "tmpfs", "tmpfs", List.of()));
        String script =
                "grep -c '^[^ ]* /dev tmpfs ro,' /proc/mounts; touch /dev/x;"
                        + " touch /dev/deep/er/x && echo > /dev/null && echo in";

        var out = run(Specs.spec(Specs.process(false, "sh", "-c", script), mounts));

        assertThat(out.out()).isEqualTo("1\nin\n");
        assertThat(out.err()).contains("/dev/x: Read-only file system");
    }

    @Test
    void eachAttributeIsInMountinfo() throws Exception {
        var out =
                run(mounted(
                                "grep ' /t' /proc/self/mountinfo | cut -d' ' -f5,6",
                                bind(
                                        "rbind",
                                        "nosuid",
                                        "nodev",
                                        "noexec",
                                        "nodiratime",
                                        "rnoatime",
                                        "rnosymfollow")))
                        .out();

        assertThat(out.lines().map(l -> l.split(" ")[0])).containsExactly("/t", "/t/sub");
        assertThat(out.lines().findFirst().orElseThrow())
                .contains("rw,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow");
        assertThat(out.lines().toList().getLast()).endsWith("rw,noatime,nosymfollow");
    }

    @Test
    void whatIsSharedReachesTheHostAndASlaveHearsOfIt() throws Exception {
        shell("mount --make-rshared " + tree);
        String id = newId();
        var mounts = new ArrayList<>(Specs.MOUNTS);
        mounts.add(bind("rbind", "rshared"));
        mounts.add(new OciMount("/s", "bind", tree.toString(), List.of("rbind", "rslave")));
        mounts.add(new OciMount("/p", "bind", tree.toString(), List.of("rbind")));
        var script =
                "trap 'umount /t/made; exit 5' TERM; mkdir /t/made && mount -t tmpfs made /t/made"
                        + " && ls /s/made /p/made && touch /t/made/x; while :; do sleep 0.1; done";
        var admin = "[\"CAP_SYS_ADMIN\",\"CAP_DAC_OVERRIDE\"]";
        var spec =
                Specs.with(
                        Specs.spec(Specs.process(false, "sh", "-c", script), mounts),
                        "process.capabilities.bounding",
                        admin,
                        "process.capabilities.effective",
                        admin,
                        "process.capabilities.permitted",
                        admin);
        var created = ask(request(id, spec, Stdio.DETACHED));
        try (var client = attach(created, 4)) {
            ask(new Start(id));
            while (!Files.exists(tree.resolve("made/x"))) {
                assertThat(ProcessHandle.of(created.pid()).filter(ProcessHandle::isAlive))
                        .isPresent();
                Thread.sleep(5);
            }
            ask(new Signal(id, 15, false));

            var output = output(client);

            assertThat(output.err()).isEmpty();
            assertThat(output.out()).isEqualTo("/p/made:\n\n/s/made:\n");
            assertThat(output.code()).isEqualTo(5);
        }
        assertThat(tree.resolve("made/x")).doesNotExist();
    }

    @Test
    void aTmpfsCanBeginWithWhatItCovers() throws Exception {
        String id = newId();
        var below = Files.createDirectories(upper(id).resolve("data/deep"));
        Files.writeString(upper(id).resolve("data/file"), "kept\n");
        Files.createSymbolicLink(below.resolve("link"), Path.of("../file"));
        shell(
                "cd %s/data && chown 7:8 file && chmod 4751 file && chmod 1770 . && mkfifo pipe"
                                .formatted(upper(id))
                        + " && setfattr -n user.x -v y deep 2>&1 || true");
        var spec =
                mounted(
                        "cd /data; cat file; stat -c '%a %u %g' . file; readlink deep/link; test -p"
                                + " pipe && echo fifo; echo > new",
                        new OciMount("/data", "tmpfs", "tmpfs", List.of("tmpcopyup", "size=1m")));
        var created = ask(request(id, spec, new Stdio(false, false, null, 0, 0)));
        try (var client = attach(created, 4)) {
            ask(new Start(id));

            var output = output(client);

            assertThat(output.err()).isEmpty();
            assertThat(output.out()).isEqualTo("kept\n1770 0 0\n4751 7 8\n../file\nfifo\n");
        }
        assertThat(upper(id).resolve("data/new")).doesNotExist();
    }

    @Test
    void aTmpfsThatIsTooSmallForItIsAnError() throws Exception {
        String id = newId();
        Files.createDirectories(upper(id).resolve("data"));
        Files.write(upper(id).resolve("data/big"), new byte[200_000]);
        var spec =
                mounted(
                        "true",
                        new OciMount("/data", "tmpfs", "tmpfs", List.of("tmpcopyup", "size=64k")));

        assertThatThrownBy(() -> ask(request(id, spec, Stdio.DETACHED)))
                .hasMessageContaining("tmpcopyup of /data")
                .hasMessageContaining("ENOSPC");
    }

    @Test
    void idsAreMappedAsTheMountSays() throws Exception {
        Files.writeString(tree.resolve("of-root"), "x");
        var mapped = Json.mapper().valueToTree(bind("rbind")).toString();
        var map = "[{\"containerID\":0,\"hostID\":1234,\"size\":1}]";
        var mounts = new ArrayList<>(Specs.MOUNTS.stream().map(m -> text(m)).toList());
        mounts.add(
                mapped.substring(0, mapped.length() - 1)
                                .replaceAll(",\"[ug]idMappings\":\\[\\]", "")
                        + ",\"uidMappings\":"
                        + map
                        + ",\"gidMappings\":"
                        + map
                        + "}");
        var spec =
                Specs.with(
                        Specs.of("stat", "-c", "%u %g", "/t/of-root", "/t/sub"),
                        "mounts",
                        "[" + String.join(",", mounts) + "]");

        assertThat(run(spec).out()).isEqualTo("1234 1234\n0 0\n");
    }

    private static String text(OciMount mount) {
        return Json.mapper().valueToTree(mount).toString();
    }

    @Test
    void withAUserNamespaceIdsCanBeMappedAsItsOwn() throws Exception {
        Files.writeString(tree.resolve("of-root"), "x");
        var script =
                "stat -c '%u %g' /mnt/of-root /mnt/sub; echo > /mnt/made; echo > /mnt/sub/made";
        for (var option : List.of("idmap", "ridmap")) {
            var spec =
                    mounted(
                            script,
                            new OciMount("/mnt", "bind", tree.toString(), List.of("rbind", option)),
                            "namespaces",
                            "[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"user\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]",
                            "uidMappings",
                            MAP,
                            "gidMappings",
                            MAP);

            var output = run(spec);

            boolean all = option.equals("ridmap");
            assertThat(output.err()).isEmpty();
            assertThat(output.out()).isEqualTo(all ? "0 0\n0 0\n" : "0 0\n65534 65534\n");
            assertThat(Files.getAttribute(tree.resolve("made"), "unix:uid")).isEqualTo(0);
            assertThat(Files.getAttribute(tree.resolve("sub/made"), "unix:uid"))
                    .isEqualTo(all ? 0 : 200000);
            Files.delete(tree.resolve("made"));
            Files.delete(tree.resolve("sub/made"));
        }
    }

    @Test
    void theRootPropagatesAsAskedFor() throws IOException {
        String script =
                "grep ' / / ' /proc/self/mountinfo | cut -d' ' -f7; grep -c shared:"
                        + " /proc/self/mountinfo";

        assertThat(run(spec(script)).out()).isEqualTo("-\n0\n");
        assertThat(run(spec(script, "rootfsPropagation", "\"shared\"")).out())
                .matches("shared:[0-9]+\n1\n");
        assertThat(run(spec(script, "rootfsPropagation", "\"rshared\"")).out())
                .matches("shared:[0-9]+\n[0-9]{2}\n");
        assertThat(run(spec(script, "rootfsPropagation", "\"unbindable\"")).out())
                .isEqualTo("unbindable\n0\n");
    }

    @Test
    void aTmpfsPropagatesAsAskedFor() throws IOException {
        var seen = new ArrayList<String>();
        for (String option : List.of("rw", "shared", "rshared", "unbindable", "slave", "private")) {
            var spec =
                    mounted(
                            "grep ' /t ' /proc/self/mountinfo | cut -d' ' -f7 | cut -d: -f1",
                            new OciMount("/t", "tmpfs", "tmpfs", List.of(option)));
            seen.add(run(spec).out().strip());
        }

        assertThat(seen).containsExactly("-", "shared", "shared", "unbindable", "-", "-");
    }

    @Test
    void otherFileSystemsAreTheKernelsToMount() throws IOException {
        var ram =
                mounted(
                        "grep -c ' - ramfs ' /proc/self/mountinfo",
                        new OciMount("/t", "ramfs", "ram", List.of("mode=700")));
        var missing =
                mounted(
                        "true",
                        new OciMount("/t", "ext4", "/dev/nowhere", List.of("errors=continue")));

        assertThat(run(ram).out()).isEqualTo("1\n");
        assertThatThrownBy(() -> run(missing)).hasMessageContaining("mount ext4");
    }
}
