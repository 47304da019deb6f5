package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.Cpu;
import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Each controller of v1, limits read back from the kernel's files. */
@RequiresRoot
class V1IT {
    private static final long MIB = 1 << 20;

    @TempDir Path directory;

    private OwnSubtree own;
    private CgroupManager manager;

    @BeforeEach
    void establish() throws Exception {
        own = new OwnSubtree();
        manager = own.manager;
        if (own.hierarchies.mode() == Mode.V2) {
            own.close();
        }
        assumeTrue(own.hierarchies.mode() != Mode.V2, "this host has no cgroup v1 hierarchy");
    }

    @AfterEach
    void leaveNothing() throws Exception {
        if (own.hierarchies.mode() != Mode.V2) {
            own.close();
        }
    }

    @Test
    void memoryAndSwapUpAndDown() throws Exception {
        manager.create("c", Resources.memoryAndSwap(64 * MIB, 96 * MIB), false);
        assertThat(own.read("memory", "c", "memory.limit_in_bytes")).isEqualTo("" + 64 * MIB);
        assertThat(own.read("memory", "c", "memory.memsw.limit_in_bytes")).isEqualTo("" + 96 * MIB);

        manager.update("c", Resources.memoryAndSwap(128 * MIB, 128 * MIB));
        assertThat(own.read("memory", "c", "memory.memsw.limit_in_bytes"))
                .isEqualTo("" + 128 * MIB);
        manager.update("c", Resources.memoryAndSwap(32 * MIB, 48 * MIB));
        assertThat(own.read("memory", "c", "memory.limit_in_bytes")).isEqualTo("" + 32 * MIB);

        assertThatThrownBy(() -> manager.update("c", Resources.memory(64 * MIB)))
                .hasMessageContaining("change swap with it");
    }

    @Test
    void memoryReservationSwappinessAndOomKiller() throws Exception {
        var memory =
                new Memory(
                        Optional.of(64 * MIB),
                        Optional.of(16 * MIB),
                        null,
                        Optional.of(7L),
                        Optional.of(true));
        manager.create("c", Resources.memory(memory), false);

        assertThat(own.read("memory", "c", "memory.soft_limit_in_bytes")).isEqualTo("" + 16 * MIB);
        assertThat(own.read("memory", "c", "memory.swappiness")).isEqualTo("7");
        assertThat(own.read("memory", "c", "memory.oom_control")).contains("oom_kill_disable 1");
    }

    @Test
    void cpuSharesQuotaAndIdle() throws Exception {
        manager.create("c", Resources.shares(512), false);
        assertThat(own.read("cpu", "c", "cpu.shares")).isEqualTo("512");
        manager.update("c", Resources.quota(20_000, 50_000));
        assertThat(own.read("cpu", "c", "cpu.cfs_quota_us")).isEqualTo("20000");
        assertThat(own.read("cpu", "c", "cpu.cfs_period_us")).isEqualTo("50000");
        manager.update("c", Resources.cpu(new Cpu(null, null, null, null, null, Optional.of(1L))));
        assertThat(own.read("cpu", "c", "cpu.idle")).isEqualTo("1");
    }

    @Test
    void quotaThrottles() throws Exception {
        var placement = manager.create("c", Resources.quota(5_000, 100_000), false).placement();
        own.run(placement, "while :; do :; done");

        OwnSubtree.await(
                "throttled", () -> manager.stats("c").throttledNanos().orElse(0L) > 100_000_000);
    }

    @Test
    void cpusetPinsProcesses() throws Exception {
        var placement = manager.create("c", Resources.cpus("1"), false).placement();

        assertThat(
                        OwnSubtree.output(
                                own.run(placement, "grep Cpus_allowed_list /proc/self/status")))
                .contains("Cpus_allowed_list:\t1");
    }

    @Test
    void blkioRatesOfADevice() throws Exception {
        var disk = wholeDisk().split(":");
        manager.create(
                "c",
                Resources.readRate(Long.parseLong(disk[0]), Long.parseLong(disk[1]), MIB),
                false);
        var file = "blkio.throttle.read_bps_device";

        assertThat(own.read("blkio", "c", file)).isEqualTo(String.join(":", disk) + " " + MIB);
        manager.update(
                "c", Resources.readRate(Long.parseLong(disk[0]), Long.parseLong(disk[1]), 0));
        assertThat(own.read("blkio", "c", file)).isEmpty();
    }

    private static String wholeDisk() throws Exception {
        try (var disks = Files.list(Path.of("/sys/block"))) {
            var disk = disks.sorted().findFirst().orElseThrow();
            return Files.readString(disk.resolve("dev")).strip();
        }
    }

    @Test
    void updateGivesFormerValuesBackWhenALaterOneIsRefused() throws Exception {
        var placement = manager.create("c", Resources.memory(256 * MIB), false).placement();
        own.run(placement, "head -c 40m /dev/zero | tail > /dev/null; sleep 1000");
        var both =
                new LinuxResources(
                        // Idle groups take no shares: EINVAL from the kernel itself.
                        null,
                        Optional.of(
                                new Cpu(
                                        Optional.of(512L),
                                        Optional.of(30_000L),
                                        null,
                                        null,
                                        null,
                                        null)),
                        null,
                        null,
                        null,
                        null);
        manager.update("c", Resources.cpu(new Cpu(null, null, null, null, null, Optional.of(1L))));
        var pidsToo =
                new LinuxResources(null, both.cpu(), Resources.pids(50).pids(), null, null, null);

        assertThatThrownBy(() -> manager.update("c", pidsToo))
                .hasMessageContaining("write 512 to")
                .hasMessageContaining("cpu.shares: EINVAL");

        assertThat(own.read("cpu", "c", "cpu.cfs_quota_us")).isEqualTo("-1");
        assertThat(own.read("pids", "c", "pids.max")).isEqualTo("max");
    }

    @Test
    void theDeviceListOfTheLauncherIsInForce() throws Exception {
        var created =
                manager.create("c", Resources.devices(Resources.allow("c", 1, 11, "r")), false);
        apply(created.placement());
        var node = directory.resolve("kmsg");

        assertThat(
                        OwnSubtree.output(
                                own.run(
                                        created.placement(),
                                        "echo x > /dev/null; mknod "
                                                + node
                                                + " c 1 11; : < "
                                                + node)))
                .contains("exit 0");
        assertThat(OwnSubtree.output(own.run(created.placement(), ": > " + node)))
                .contains("not permitted");
        assertThatThrownBy(
                        () ->
                                manager.update(
                                        "c", Resources.devices(Resources.allow("c", 1, 11, "w"))))
                .hasMessageContaining("devices.allow");
    }

    private static void apply(Placement placement) throws Exception {
        for (var write : placement.deviceWrites()) {
            Files.writeString(Path.of(write.path()), write.value());
        }
    }

    @Test
    void everyHierarchyHasTheGroupAndOnlyThatOfGantry() {
        var placement = manager.create("c", LinuxResources.NONE, false).placement();

        assertThat(placement.v1Paths())
                .isNotEmpty()
                .allMatch(path -> path.endsWith("/" + own.name + "/c"));
        if (placement.mode() == Mode.HYBRID) {
            assertThat(placement.unifiedPath()).isPresent();
        }
    }
}
