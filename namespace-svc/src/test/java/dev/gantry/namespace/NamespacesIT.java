package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Namespaces in combinations: new ones, those of another container, and what is set in them. */
@RequiresRoot
class NamespacesIT extends HostedFixture {
    private static final String ALL = "mount pid network ipc uts cgroup user time";
    private static final String MAP =
            "[{\"containerID\":0,\"hostID\":200000,\"size\":1000},"
                    + "{\"containerID\":1000,\"hostID\":300000,\"size\":500},"
                    + "{\"containerID\":5000,\"hostID\":400000,\"size\":1}]";
    private static final String LINKS =
            "for n in mnt pid net ipc uts cgroup user time; do readlink /proc/self/ns/$n; done";

    /** New namespaces, and those of a process. */
    private static String namespaces(String made, String entered, long pid) {
        var out =
                Stream.concat(
                        words(made).map(type -> "{\"type\":\"%s\"}".formatted(type)),
                        words(entered)
                                .map(
                                        type ->
                                                "{\"type\":\"%s\",\"path\":\"/proc/%d/ns/%s\"}"
                                                        .formatted(type, pid, file(type))));
        return out.collect(Collectors.joining(",", "[", "]"));
    }

    private static Stream<String> words(String text) {
        return Stream.of(text.split(" ")).filter(word -> !word.isEmpty());
    }

    private static String file(String type) {
        return switch (type) {
            case "network" -> "net";
            case "mount" -> "mnt";
            default -> type;
        };
    }

    private long start(OciSpec spec) {
        String id = newId();
        var created = ask(request(id, spec, Stdio.DETACHED));
        ask(new Start(id));
        return created.pid();
    }

    private static List<String> links(long pid) throws IOException {
        var out = new ArrayList<String>();
        for (String name : "mnt pid net ipc uts cgroup user time".split(" ")) {
            out.add(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/" + name)).toString());
        }
        return out;
    }

    @Test
    void allEightAreNew() throws Exception {
        long pid =
                start(
                        spec(
                                "sleep 1000",
                                "namespaces",
                                namespaces(ALL, "", 0),
                                "uidMappings",
                                MAP,
                                "gidMappings",
                                MAP));

        assertThat(links(pid)).doesNotContainAnyElementsOf(links(ProcessHandle.current().pid()));
    }

    @Test
    void allButTheMountsCanBeAnothersWhateverHisUser() throws Exception {
        for (String user : List.of("", "user")) {
            String made = "mount pid network ipc uts cgroup time " + user;
            String maps = user.isEmpty() ? "[]" : MAP;
            long first =
                    start(
                            spec(
                                    "sleep 1000",
                                    "namespaces",
                                    namespaces(made, "", 0),
                                    "uidMappings",
                                    maps,
                                    "gidMappings",
                                    maps));
            var second =
                    spec(
                            LINKS + "; id -u; hostname",
                            "hostname",
                            "\"\"",
                            "namespaces",
                            namespaces("mount", made.replace("mount ", ""), first));

            var output = run(second);

            var lines = output.out().lines().toList();
            assertThat(output.err()).isEmpty();
            assertThat(lines.subList(1, 8)).isEqualTo(links(first).subList(1, 8));
            assertThat(lines.getFirst()).isNotEqualTo(links(first).getFirst());
            assertThat(lines.subList(8, 10)).containsExactly("0", "kit");
        }
    }

    @Test
    void aNewUserNamespaceAndTheNetworkOfTheHostsRoot() throws Exception {
        long first = start(Specs.of("sleep", "1000"));
        var spec =
                spec(
                        "readlink /proc/self/ns/net; cat /proc/self/uid_map | wc -l",
                        "mounts",
                        // a sysfs is of the network's owner
                        Json.mapper()
                                .valueToTree(
                                        Specs.MOUNTS.stream()
                                                .filter(m -> !m.type().equals("sysfs"))
                                                .toList())
                                .toString(),
                        "namespaces",
                        namespaces("mount pid ipc uts user", "network", first),
                        "uidMappings",
                        MAP,
                        "gidMappings",
                        MAP);

        assertThat(run(spec).out()).isEqualTo(links(first).get(2) + "\n3\n");
    }

    @Test
    void severalMapsHoldForTheRootItsMountsAndItsDevices() throws Exception {
        String id = newId();
        var root = Files.createDirectories(home.resolve("owned-" + id));
        copy(home.resolve("roots/lower"), root, 200000);
        var spec =
                spec(
                        "id -u; stat -c '%u' / /bin/busybox /t /dev /dev/null; echo x > /dev/null;"
                            + " head -c 3 /dev/zero | wc -c; touch /mine; chown 5000:1499 /mine;"
                            + " chown 4999 /mine || echo unmapped",
                        "namespaces",
                        namespaces("mount pid network ipc uts cgroup user", "", 0),
                        "uidMappings",
                        MAP,
                        "gidMappings",
                        MAP,
                        "mounts",
                        mountsWith("{\"destination\":\"/t\",\"type\":\"tmpfs\"}"),
                        "devices",
                        "[{\"type\":\"c\",\"path\":\"/dev/fuse\",\"major\":10,\"minor\":229}]");
        var request = request(id, spec, new Stdio(false, false, null, 0, 0));
        var created =
                ask(
                        new Create(
                                id,
                                spec,
                                new Rootfs(List.of(), root.toString(), "", List.of()),
                                null,
                                Optional.empty(),
                                0,
                                request.stdio(),
                                false,
                                false));
        try (var client = attach(created, 4)) {
            ask(new Start(id));

            var output = output(client);

            // a device is the host's, bound: its owner has no id here
            assertThat(output.out()).isEqualTo("0\n0\n0\n0\n0\n65534\n3\nunmapped\n");
            assertThat(output.err()).contains("chown: /mine: Invalid argument");
        }
        assertThat(Files.getAttribute(root.resolve("mine"), "unix:uid")).isEqualTo(400000);
        assertThat(Files.getAttribute(root.resolve("mine"), "unix:gid")).isEqualTo(300499);
    }

    @Test
    void theLayersOfAnImageAreTheContainersOwnWhateverItsIds() throws Exception {
        String id = newId();
        var spec =
                spec(
                        "stat -c '%u %g' / /bin/busybox /made; touch /mine; chown 5000:1499 /mine;"
                                + " rm /etc/passwd; mkdir /etc/new; ls /etc",
                        "namespaces",
                        namespaces("mount pid network ipc uts cgroup user", "", 0),
                        "uidMappings",
                        MAP,
                        "gidMappings",
                        MAP,
                        "process.cwd",
                        "\"/made\"");
        var created = ask(request(id, spec, new Stdio(false, false, null, 0, 0)));
        try (var client = attach(created, 4)) {
            ask(new Start(id));

            var output = output(client);

            assertThat(output.err()).isEmpty();
            assertThat(output.out()).isEqualTo("0 0\n0 0\n0 0\nnew\n");
        }
        // on the disk they are as if there were no user namespace
        assertThat(Files.getAttribute(upper(id).resolve("made"), "unix:uid")).isEqualTo(0);
        assertThat(Files.getAttribute(upper(id).resolve("mine"), "unix:uid")).isEqualTo(5000);
        assertThat(Files.getAttribute(upper(id).resolve("mine"), "unix:gid")).isEqualTo(1499);
        assertThat(home.resolve("roots/lower/etc/passwd")).exists();
    }

    private static String mountsWith(String mount) {
        var json = Json.mapper().valueToTree(Specs.MOUNTS).toString();
        return json.substring(0, json.length() - 1) + "," + mount + "]";
    }

    private static void copy(Path from, Path to, int owner) throws Exception {
        var command =
                "cp -a %s/. %s && mkdir -p %s/t && chown -hR %d:%d %s"
                        .formatted(from, to, to, owner, owner, to);
        assertThat(new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor()).isZero();
    }

    @Test
    void theClocksOfANewTimeNamespaceAreOffset() throws Exception {
        var offsets =
                "{\"boottime\":{\"secs\":1000000000,\"nanosecs\":5},\"monotonic\":{\"secs\":-1}}";
        String id = newId();
        var spec =
                spec(
                        "cat /proc/self/timens_offsets > /offsets; sleep 1000",
                        "namespaces",
                        namespaces("mount pid network ipc uts time", "", 0),
                        "timeOffsets",
                        offsets);
        ask(request(id, spec, Stdio.DETACHED));
        ask(new Start(id));
        var session =
                ask(
                        new Exec(
                                id,
                                "clock",
                                Specs.process(false, "cut", "-d.", "-f1", "/proc/uptime"),
                                Optional.empty(),
                                0,
                                new Stdio(false, true, null, 0, 0)));
        try (var client = attach(session, 4)) {
            assertThat(Long.parseLong(output(client).out().strip())).isGreaterThan(1_000_000_000);
        }
        assertThat(Files.readString(upper(id).resolve("offsets")).lines())
                .map(line -> line.replaceAll(" +", " "))
                .containsExactly("monotonic -1 0", "boottime 1000000000 5");
    }

    @Test
    void anOffsetBeforeTheBootIsTheKernelsToRefuse() throws Exception {
        String id = newId();
        var spec =
                spec(
                        "true",
                        "namespaces",
                        namespaces("mount pid network ipc uts time", "", 0),
                        "timeOffsets",
                        "{\"boottime\":{\"secs\":-1000000000}}");

        assertThatThrownBy(() -> ask(request(id, spec, Stdio.DETACHED)))
                .hasMessageContaining("timens_offsets")
                .hasMessageContaining("ERANGE");
    }

    @Test
    void aPathOfAnotherKindIsRefused() throws Exception {
        String id = newId();
        var wrong =
                spec(
                        "true",
                        "hostname",
                        "\"\"",
                        "namespaces",
                        "[{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"/proc/self/ns/net\"}]");

        assertThatThrownBy(() -> ask(request(id, wrong, Stdio.DETACHED)))
                .hasMessageContaining("/proc/self/ns/net")
                .hasMessageContaining("EINVAL");
    }

    @Test
    void theMountsCanBeAnothersButNotTheHosts() throws Exception {
        var other =
                new ProcessBuilder(
                                "unshare",
                                "--mount",
                                "--propagation",
                                "private",
                                "sh",
                                "-c",
                                "echo; exec sleep 1000")
                        .start();
        try {
            other.getInputStream().read(); // It is there.
            long pid =
                    start(
                            spec(
                                    "echo own > /file; sleep 1000",
                                    "namespaces",
                                    namespaces("pid ipc uts network", "mount", other.pid())));

            assertThat(links(pid).getFirst()).isEqualTo(links(other.pid()).getFirst());
            var written = Path.of("/proc/" + pid + "/root/file");
            until(Duration.ofSeconds(20), () -> Files.exists(written), written + " is there");
            assertThat(Path.of("/proc/" + pid + "/root/var/lib")).doesNotExist();
            assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                    .doesNotContain(home.toString() + "/");
            assertThatThrownBy(
                            () ->
                                    ask(
                                            request(
                                                    newId(),
                                                    spec(
                                                            "true",
                                                            "namespaces",
                                                            namespaces(
                                                                    "pid ipc uts",
                                                                    "mount",
                                                                    ProcessHandle.current().pid())),
                                                    Stdio.DETACHED)))
                    .hasMessageContaining("is the host's mount namespace");
        } finally {
            other.destroy();
            other.waitFor();
        }
    }

    @Test
    void hooksOfTheHostAreInItsNamespacesThoughTheContainerEntersOthers() throws Exception {
        long first = start(Specs.of("sleep", "1000"));
        var bundle = Files.createTempDirectory(home, "bundle");
        var script = "readlink /proc/self/ns/pid /proc/self/ns/net > pids";

        start(
                spec(
                        "sleep 1000",
                        "namespaces",
                        namespaces("mount ipc uts", "pid network", first),
                        "bundle.path",
                        "\"" + bundle + "\"",
                        "hooks.poststart",
                        "[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"" + script + "\"]}]"));

        var own = links(ProcessHandle.current().pid());
        assertThat(Files.readAllLines(bundle.resolve("pids")))
                .containsExactly(own.get(1), own.get(2));
    }
}
