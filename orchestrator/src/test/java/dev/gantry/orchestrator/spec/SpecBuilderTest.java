package dev.gantry.orchestrator.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.container.ExecSpec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.contract.oci.OciSpec.Device;
import dev.gantry.bus.contract.oci.OciSpec.Namespace;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.testing.Bench;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** From what a client asks for and an image defaults to, to the OCI configuration. */
class SpecBuilderTest {
    private static final ImageConfig IMAGE =
            new ImageConfig(
                    "web",
                    List.of("LANG=C", "A=image"),
                    List.of("/entry"),
                    List.of("serve"),
                    "/srv",
                    null,
                    null,
                    null,
                    null);

    @Test
    void theImageGivesTheDefaults() {
        var process = build(Map.of()).process();

        assertThat(process.args()).containsExactly("/entry", "serve");
        assertThat(process.cwd()).isEqualTo("/srv");
        assertThat(process.user().uid()).isEqualTo(33);
        assertThat(process.env())
                .containsExactly(
                        "PATH=" + Environment.PATH,
                        "HOSTNAME=box",
                        "LANG=C",
                        "A=image",
                        "HOME=/var/www");
    }

    @Test
    void theClientReplacesThem() {
        var process =
                build(
                                Map.of(
                                        "command",
                                        List.of("ls"),
                                        "env",
                                        List.of("A=mine", "LANG", "HOME=/tmp"),
                                        "workdir",
                                        "/w",
                                        "user",
                                        "7:8",
                                        "tty",
                                        true))
                        .process();

        assertThat(process.args()).containsExactly("/entry", "ls");
        assertThat(process.cwd()).isEqualTo("/w");
        assertThat(process.user().uid()).isEqualTo(7);
        assertThat(process.env()).contains("A=mine", "HOME=/tmp", "TERM=xterm");
        assertThat(process.env()).noneMatch(e -> e.startsWith("LANG"));
    }

    @Test
    void anotherEntrypointDropsTheImagesCommand() {
        assertThat(build(Map.of("entrypoint", List.of("sh"))).process().args())
                .containsExactly("sh");
        assertThat(
                        build(Map.of("entrypoint", List.of(""), "command", List.of("ls", "-l")))
                                .process()
                                .args())
                .containsExactly("ls", "-l");
        assertThatThrownBy(() -> build(Map.of("entrypoint", List.of(""))))
                .hasMessageContaining("no command");
    }

    @Test
    void rootHasFourteenCapabilitiesAndOthersOnlyTheBound() {
        var root = build(Map.of("user", "0")).process().capabilities();
        assertThat(root.bounding()).hasSize(14).isEqualTo(root.effective());
        assertThat(root.permitted()).isEqualTo(root.effective());
        assertThat(root.inheritable()).isEmpty();
        assertThat(root.ambient()).isEmpty();

        var user = build(Map.of()).process().capabilities();
        assertThat(user.bounding()).hasSize(14);
        assertThat(user.effective()).isEmpty();
        assertThat(user.permitted()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'', '', 14",
        "'', ALL, 0",
        "NET_ADMIN, '', 15",
        "'', cap_chown, 13",
        "ALL, '', 41",
        "ALL, CAP_SYS_ADMIN, 40",
        "KILL, ALL, 1"
    })
    void capabilitiesAreAddedAndDropped(String add, String drop, int count) {
        assertThat(CapabilitySet.of(list(add), list(drop))).hasSize(count).doesNotHaveDuplicates();
    }

    private static List<String> list(String text) {
        return text.isEmpty() ? List.of() : List.of(text);
    }

    @Test
    void hidesWhatTellsOfTheHost() {
        var oci = build(Map.of());

        assertThat(oci.maskedPaths())
                .contains(
                        "/proc/acpi",
                        "/proc/kcore",
                        "/proc/keys",
                        "/proc/scsi",
                        "/proc/interrupts",
                        "/sys/firmware",
                        "/sys/devices/virtual/powercap");
        assertThat(oci.readonlyPaths()).contains("/proc/sys", "/proc/sysrq-trigger");
        assertThat(oci.devices())
                .extracting(Device::path)
                .containsExactly(
                        "/dev/null",
                        "/dev/zero",
                        "/dev/full",
                        "/dev/random",
                        "/dev/urandom",
                        "/dev/tty");
        assertThat(oci.namespaces())
                .extracting(Namespace::type)
                .containsExactly("pid", "mount", "ipc", "uts", "cgroup", "network");
        assertThat(oci.sysctl()).containsEntry("net.ipv4.ip_unprivileged_port_start", "0");
    }

    @Test
    void theHostsNetworkIsNoNamespaceOfItsOwn() {
        var oci = build(Map.of("network", "host"), Optional.empty());

        assertThat(oci.namespaces()).extracting(Namespace::type).doesNotContain("network");
        assertThat(oci.sysctl()).isEmpty();
    }

    @Test
    void mountsComeParentsFirstAndReplaceDefaults() {
        var oci =
                build(
                        Map.of(
                                "mounts",
                                List.of(
                                        mount("/data/deep/er", "bind", "/host", List.of("ro")),
                                        mount("/data", "volume", "vol", List.of()),
                                        mount("/dev/shm/", "tmpfs", "", List.of("exec"))),
                                "shmSizeBytes",
                                1000));

        assertThat(oci.mounts())
                .extracting(OciMount::destination)
                .containsExactly(
                        "/proc",
                        "/dev",
                        "/dev/pts",
                        "/sys",
                        "/sys/fs/cgroup",
                        "/dev/mqueue",
                        "/data",
                        "/etc/resolv.conf",
                        "/etc/hosts",
                        "/etc/hostname",
                        "/dev/shm",
                        "/data/deep/er");
        assertThat(oci.mounts())
                .contains(
                        new OciMount("/data", "bind", "/v/vol", List.of("rbind", "rprivate")),
                        new OciMount(
                                "/data/deep/er",
                                "bind",
                                "/host",
                                List.of("rbind", "ro", "rprivate")),
                        new OciMount(
                                "/dev/shm", "tmpfs", "tmpfs", List.of("nosuid", "nodev", "exec")));
    }

    @Test
    void anImageIsShownReadOnlyAsItsDriverHasIt() {
        var oci =
                build(
                        Map.of(
                                "mounts",
                                List.of(
                                        mount("/l", "image", "layered", List.of("noexec")),
                                        mount("/c", "image", "copied", List.of()))));

        assertThat(oci.mounts())
                .contains(
                        new OciMount(
                                "/l",
                                "overlay",
                                "overlay",
                                List.of(
                                        "ro",
                                        "nosuid",
                                        "nodev",
                                        "noexec",
                                        "userxattr",
                                        "lowerdir=/l/2",
                                        "lowerdir=/l/1")),
                        new OciMount(
                                "/c",
                                "bind",
                                "/c/root",
                                List.of("rbind", "ro", "nosuid", "nodev", "rprivate")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/", "/proc", "/proc/self", "//proc//x", "/a/../proc", "/./proc", "/a\n"})
    void placesThatDeceiveAreRefused(String place) {
        assertThatThrownBy(
                        () ->
                                build(
                                        Map.of(
                                                "mounts",
                                                List.of(mount(place, "bind", "/h", List.of())))))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("refused");
    }

    @Test
    void whatAnImageSaysIsNoMoreTrusted() {
        var image = new ImageConfig("", null, null, null, "", null, null, List.of("/proc"), null);

        assertThatThrownBy(() -> SpecBuilder.volumePlaces(Bench.spec(Map.of()), image))
                .hasMessageContaining("refused");
    }

    @Test
    void limitsHaveTheirKernelNames() {
        var oci =
                build(
                        Map.of(
                                "ulimits",
                                List.of(
                                        Map.of("type", "nofile", "soft", 10, "hard", -1),
                                        Map.of("type", "RLIMIT_CORE", "soft", 0, "hard", 0))));

        assertThat(oci.process().rlimits())
                .extracting(r -> r.type())
                .containsExactly("RLIMIT_NOFILE", "RLIMIT_CORE");
        assertThatThrownBy(
                        () ->
                                ResourceLimits.rlimits(
                                        Bench.spec(
                                                        Map.of(
                                                                "ulimits",
                                                                List.of(
                                                                        Map.of(
                                                                                "type", "nofile",
                                                                                "soft", -1,
                                                                                "hard", 10))))
                                                .ulimits()))
                .hasMessageContaining("soft limit above");
    }

    @Test
    void devicesAreMadeAndAllowed() {
        var spec =
                Bench.spec(
                        Map.of(
                                "devices",
                                List.of(
                                        Map.of(
                                                "type",
                                                "c",
                                                "path",
                                                "/dev/fuse",
                                                "major",
                                                10,
                                                "minor",
                                                229))));

        assertThat(SpecBuilder.resources(spec, spec.resources()).devices())
                .anyMatch(r -> r.allow() && r.major().equals(Optional.of(10L)));
    }

    @Test
    void anExecIsLikeItsInitButForWhatItAsks() {
        var spec = Bench.spec(Map.of("user", "0"));
        var init = build(Map.of("user", "0")).process();
        var exec =
                SpecBuilder.exec(
                        new ExecSpec(
                                List.of("id"),
                                List.of("X=1"),
                                Optional.empty(),
                                Optional.of("web"),
                                false,
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                false),
                        spec,
                        init,
                        Optional.of(storage()));

        assertThat(exec.user().uid()).isEqualTo(33);
        assertThat(exec.env()).contains("X=1", "HOME=/var/www", "A=image");
        assertThat(exec.capabilities().effective()).isEmpty();
        assertThat(exec.cwd()).isEqualTo("/srv");
    }

    private static Map<String, ?> mount(
            String destination, String type, String source, List<String> options) {
        return Map.of(
                "destination", destination, "type", type, "source", source, "options", options);
    }

    private static OciSpec build(Map<String, ?> properties) {
        return build(properties, Optional.of("/netns/1"));
    }

    private static OciSpec build(Map<String, ?> properties, Optional<String> netns) {
        ContainerSpec spec = Bench.spec(properties);
        var network =
                new Attached("id", spec.network(), netns, null, null, "/n/r", "/n/h", "/n/n", null);
        return SpecBuilder.build(
                spec,
                storage(),
                network,
                netns.map(path -> new Namespace("network", Optional.of(path))),
                "box",
                spec.mounts(),
                new MountSources(
                        Map.of("vol", "/v/vol"),
                        Map.of(
                                "layered",
                                new Rootfs(List.of("/l/2", "/l/1"), "", "", List.of("userxattr")),
                                "copied",
                                new Rootfs(List.of(), "/c/root", "", List.of()))));
    }

    private static Prepared storage() {
        return new Prepared(
                "id",
                new Rootfs(List.of(), "/up", "/work", List.of()),
                new Image("i", "d", null, "linux", "amd64", 0, 0, null, IMAGE),
                "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/var/www:\n",
                "",
                List.of());
    }
}
