package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.Bus;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.cgroup.CgroupResult.DeviceWrite;
import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.oci.OciProcess;
import dev.gantry.bus.contract.oci.OciProcess.Capabilities;
import dev.gantry.bus.contract.oci.OciProcess.Rlimit;
import dev.gantry.bus.contract.oci.OciProcess.User;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.kit.NamespaceContractKit;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The contract again, and what a process sees of its limits from inside. */
@RequiresRoot
class IsolationIT extends NamespaceContractKit {
    @TempDir static Path home;
    private static LocalBus bus;
    private static BusyboxRoot roots;
    private static Hosted hosted;

    @BeforeAll
    static void serve() throws Exception {
        // what a user namespace's root may not read it cannot mount
        Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
        roots = new BusyboxRoot(home.resolve("roots"));
        bus = new LocalBus();
        hosted = new Hosted(Layout.below(home), bus);
    }

    @AfterAll
    static void stop() throws Exception {
        hosted.close();
        bus.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }

    @Override
    protected Rootfs rootfs(String id) {
        return roots.of(id);
    }

    private static OciProcess process(User user, String cwd, List<Rlimit> limits, String script) {
        var p = Specs.process(false, "sh", "-c", script);
        return new OciProcess(
                false,
                Optional.empty(),
                user,
                p.args(),
                p.env(),
                cwd,
                user.uid() == 0 ? p.capabilities() : Capabilities.NONE,
                limits,
                true,
                Optional.of(300));
    }

    @Test
    void aUserHasExactlyWhatItWasGiven() throws Exception {
        var user = new User(1000, 1001, List.of(2000L), Optional.of(0027));
        var p =
                process(
                        user,
                        "/srv/made",
                        List.of(new Rlimit("RLIMIT_NOFILE", 100, 200)),
                        "id; pwd; umask; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; ls"
                                + " /proc/self/fd; grep -E 'Cap|NoNewPrivs' /proc/self/status");

        var out = run(Specs.spec(p, Specs.MOUNTS)).out();

        assertThat(out)
                .contains(
                        "uid=1000 gid=1001 groups=1001,2000",
                        "/srv/made\n0027\n100\n200\n300\n0\n1\n2\n3\n", // 3 is ls's own
                        "CapInh:\t0000000000000000",
                        "CapPrm:\t0000000000000000",
                        "CapEff:\t0000000000000000",
                        "CapBnd:\t0000000000000000",
                        "CapAmb:\t0000000000000000",
                        "NoNewPrivs:\t1");
    }

    @Test
    void rootHasDockersFourteenCapabilities() throws Exception {
        assertThat(run("grep", "Cap", "/proc/self/status").out())
                .contains("CapEff:\t00000000a80425fb", "CapInh:\t0000000000000000");
    }

    @Test
    void itIsAloneInItsNamespaces() throws Exception {
        assertThat(run("sh", "-c", "hostname; ps | wc -l; ls /sys/class/net; echo $$").out())
                .isEqualTo("kit\n4\nlo\n1\n");
    }

    @Test
    void masksAndReadOnlyPathsHold() throws Exception {
        var out =
                run(
                        "sh",
                        "-c",
                        "wc -c < /proc/keys; ls /sys/firmware | wc -l; echo 1 >"
                                + " /proc/sys/kernel/shmmax; touch"
                                + " /sys/x; mount -t tmpfs x /mnt; true");

        assertThat(out.out()).isEqualTo("0\n0\n");
        assertThat(out.err()).contains("shmmax: Read-only", "/sys/x: Read-only");
        assertThat(out.err()).contains("permission denied");
    }

    @Test
    void sysctlsMountsAndAReadOnlyRoot() throws Exception {
        Files.createDirectories(home.resolve("data"));
        Files.writeString(home.resolve("data/file"), "from the host\n");
        var mounts = new ArrayList<>(Specs.MOUNTS);
        var data = home.resolve("data").toString();
        mounts.add(new OciMount("/data/ro", "bind", data, List.of("rbind", "ro")));
        mounts.add(new OciMount("/data/rw", "bind", data, List.of("rbind")));
        mounts.add(new OciMount("/etc/one", "bind", data + "/file", List.of("bind", "ro")));
        mounts.add(new OciMount("/scratch", "tmpfs", "tmpfs", List.of("size=1m", "mode=1777")));
        var s =
                Specs.spec(
                        Specs.process(
                                false,
                                "sh",
                                "-c",
                                "cat /data/ro/file /etc/one; touch /data/ro/x; touch /data/rw/y; "
                                        + "touch /z; dd if=/dev/zero of=/scratch/f bs=2M count=1;"
                                        + " cat /proc/sys/net/ipv4/ip_forward"
                                        + " /proc/sys/kernel/shmmni; ls -l /dev/stdin"),
                        mounts);
        var spec =
                new OciSpec(
                        s.process(),
                        true,
                        "box",
                        "home.arpa",
                        s.mounts(),
                        s.namespaces(),
                        List.of(),
                        List.of(),
                        List.of(),
                        Map.of("net.ipv4.ip_forward", "1", "kernel.shmmni", "77"),
                        s.maskedPaths(),
                        s.readonlyPaths(),
                        "");

        var output = run(spec);

        assertThat(output.out())
                .startsWith("from the host\nfrom the host\n")
                .contains("1\n77\n", "/proc/self/fd/0");
        assertThat(output.err())
                .contains("/data/ro/x: Read-only", "/z: Read-only", "No space left");
        assertThat(home.resolve("data/y")).exists();
    }

    @Test
    void aFilterIsLoaded() throws Exception {
        // kill mkdir and mkdirat of this architecture with EPERM, allow the rest
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        var filter = ByteBuffer.allocate(5 * 8).order(ByteOrder.nativeOrder());
        instruction(filter, 0x20, 0, 0, 0); // ld nr
        instruction(filter, 0x15, 1, 0, arm ? 34 : 83);
        instruction(filter, 0x15, 0, 1, arm ? 34 : 258);
        instruction(filter, 0x06, 0, 0, 0x00050001); // ERRNO EPERM
        instruction(filter, 0x06, 0, 0, 0x7fff0000); // ALLOW
        for (boolean noNewPrivileges : List.of(true, false)) {
            String id = newId();
            var p = Specs.process(false, "sh", "-c", "mkdir /x; grep Seccomp: /proc/self/status");
            var process =
                    new OciProcess(
                            false,
                            Optional.empty(),
                            p.user(),
                            p.args(),
                            p.env(),
                            "/",
                            p.capabilities(),
                            List.of(),
                            noNewPrivileges,
                            Optional.empty());
            var created =
                    ask(
                            new Create(
                                    id,
                                    Specs.spec(process, Specs.MOUNTS),
                                    rootfs(id),
                                    null,
                                    Optional.of(filter.array()),
                                    0,
                                    Stdio.DETACHED,
                                    true,
                                    false));
            try (var client = attach(created, 4)) {
                ask(new Start(id));
                var output = output(client);

                assertThat(output.err()).contains("mkdir: can't create directory '/x'");
                assertThat(output.out()).isEqualTo("Seccomp:\t2\n");
            }
        }
    }

    private static void instruction(ByteBuffer out, int code, int yes, int no, int value) {
        out.putShort((short) code).put((byte) yes).put((byte) no).putInt(value);
    }

    @Test
    void theLogIsWrittenInCriFormat() throws Exception {
        String id = newId();
        var log = Files.createDirectories(home.resolve("logs").resolve(id)).resolve("log");
        ask(
                request(
                        id,
                        Specs.of("sh", "-c", "echo one; echo two >&2; printf three"),
                        new Stdio(false, false, Optional.of(log.toString()), 1 << 20, 2)));
        ask(new Start(id));
        awaitExit(id);
        ask(new dev.gantry.bus.contract.namespace.NamespaceOperation.Delete(id, false));

        assertThat(Files.readAllLines(log))
                .hasSize(3)
                .anySatisfy(l -> assertThat(l).matches("[-0-9T:.]+Z stdout F one"))
                .anySatisfy(l -> assertThat(l).matches("[-0-9T:.]+Z stderr F two"))
                .anySatisfy(l -> assertThat(l).matches("[-0-9T:.]+Z stdout P three"));
    }

    @Test
    void itIsPlacedInItsCgroupsAndSeesOnlyThem() throws Exception {
        var name = "gantry-test-ns-" + ProcessHandle.current().pid();
        var pids = Path.of("/sys/fs/cgroup/pids", name);
        var devices = Path.of("/sys/fs/cgroup/devices", name);
        org.junit.jupiter.api.Assumptions.assumeTrue(
                Files.isDirectory(pids.getParent()), "no v1 hierarchies here");
        Files.createDirectory(pids);
        Files.createDirectory(devices);
        try {
            String id = newId();
            var mounts = new ArrayList<>(Specs.MOUNTS);
            mounts.add(
                    new OciMount(
                            "/sys/fs/cgroup",
                            "cgroup",
                            "cgroup",
                            List.of("nosuid", "noexec", "nodev", "ro")));
            var script =
                    "grep -E 'pids|devices' /proc/self/cgroup; ls /sys/fs/cgroup; cat"
                            + " /sys/fs/cgroup/pids/cgroup.procs | head -1; echo 5 >"
                            + " /sys/fs/cgroup/pids/pids.max; mknod /tmp/full c 1 7; cat"
                            + " /tmp/full; read x";
            var spec = Specs.spec(Specs.process(false, "sh", "-c", script), mounts);
            var placement =
                    new Placement(
                            Mode.V1,
                            Optional.empty(),
                            List.of(pids.toString(), devices.toString()),
                            List.of(
                                    new DeviceWrite(devices + "/devices.deny", "a"),
                                    new DeviceWrite(devices + "/devices.allow", "c *:* m")));
            var created =
                    ask(
                            new Create(
                                    id,
                                    spec,
                                    rootfs(id),
                                    placement,
                                    Optional.empty(),
                                    0,
                                    new Stdio(true, false, null, 0, 0),
                                    false,
                                    false));
            try (var client = attach(created, 2 | 4)) {
                ask(new Start(id));
                ask(
                        new Exec(
                                id,
                                "in",
                                Specs.process(false, "sleep", "1000"),
                                Optional.empty(),
                                0,
                                Stdio.DETACHED));
                assertThat(Files.readAllLines(pids.resolve("cgroup.procs")))
                        .hasSizeGreaterThanOrEqualTo(2);
                var below = Files.createDirectory(pids.resolve("below"));
                var deeper = ask(execIn(id, below));
                assertThat(Files.readAllLines(below.resolve("cgroup.procs")))
                        .containsExactly("" + deeper.pid());
                assertThatThrownBy(() -> ask(execIn(id, pids.resolveSibling("other"))))
                        .hasMessageContaining("is not beneath one of the container's");
                assertThatThrownBy(() -> ask(execIn(id, pids.resolve("absent"))))
                        .hasMessageContaining("/absent");
                client.closeInput();
                var output = output(client);

                assertThat(output.out())
                        .contains(":pids:/\n", ":devices:/\n", "devices\npids\n1\n");
                assertThat(output.err()).contains("pids.max: Read-only");
            }
            ask(new dev.gantry.bus.contract.namespace.NamespaceOperation.Delete(id, true));
        } finally {
            if (Files.exists(pids.resolve("below"))) {
                remove(pids.resolve("below"));
            }
            remove(pids);
            remove(devices);
        }
    }

    private Exec execIn(String id, Path cgroup) {
        return new Exec(
                id,
                newId(),
                Specs.process(false, "sleep", "1000"),
                Optional.empty(),
                0,
                Stdio.DETACHED,
                Optional.empty(),
                List.of(cgroup.toString()));
    }

    private static void remove(Path cgroup) throws IOException {
        Files.delete(cgroup);
    }

    @Test
    void aUserNamespaceMapsRoot() throws Exception {
        var p = Specs.process(false, "sh", "-c", "id -u; cat /proc/self/uid_map; echo > /dev/null");
        var s = Specs.spec(p, Specs.MOUNTS);
        var namespaces = new ArrayList<>(s.namespaces());
        namespaces.add(new OciSpec.Namespace("user", null));
        var map = List.of(new OciSpec.IdMapping(0, 200000, 65536));
        var spec =
                new OciSpec(
                        p,
                        false,
                        "box",
                        "",
                        s.mounts(),
                        namespaces,
                        map,
                        map,
                        List.of(),
                        Map.of(),
                        s.maskedPaths(),
                        s.readonlyPaths(),
                        "");

        var output = run(spec);

        assertThat(output.out()).startsWith("0\n").contains("200000");
        assertThat(output.err()).isEmpty();
    }

    @Test
    void nothingShowsOnTheHost() throws Exception {
        var before = Files.readAllLines(Path.of("/proc/self/mountinfo"));
        String id = newId();
        create(id, "sleep", "1000");
        ask(new Start(id));

        var during = Files.readAllLines(Path.of("/proc/self/mountinfo"));

        assertThat(during).isEqualTo(before);
    }
}
