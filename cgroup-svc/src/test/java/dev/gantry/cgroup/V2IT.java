package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.Cpu;
import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Each controller of v2, limits read back from the kernel's files. Runs in the guest. */
@RequiresRoot
class V2IT {
    private static final long MIB = 1 << 20;

    @TempDir Path directory;

    private OwnSubtree own;
    private CgroupManager manager;

    @BeforeEach
    void establish() throws Exception {
        own = new OwnSubtree();
        manager = own.manager;
        if (own.hierarchies.mode() != Mode.V2) {
            own.close();
        }
        assumeTrue(own.hierarchies.mode() == Mode.V2, "this host has cgroup v1 hierarchies");
    }

    @AfterEach
    void leaveNothing() throws Exception {
        if (own.hierarchies.mode() == Mode.V2) {
            own.close();
        }
    }

    private String read(String file) throws IOException {
        return own.read("none", "c", file);
    }

    @Test
    void allControllersAreThere() {
        assertThat(manager.host().controllers())
                .containsEntry("memory", "v2")
                .containsEntry("cpu", "v2")
                .containsEntry("cpuset", "v2")
                .containsEntry("pids", "v2")
                .containsEntry("io", "v2")
                .containsEntry("devices", "v2")
                .containsEntry("freezer", "v2")
                .containsEntry("kill", "v2");
    }

    @Test
    void memorySwapAndReservation() throws Exception {
        var memory =
                new Memory(
                        Optional.of(64 * MIB),
                        Optional.of(32 * MIB),
                        Optional.of(96 * MIB),
                        null,
                        null);
        manager.create("c", Resources.memory(memory), false);

        assertThat(read("memory.max")).isEqualTo("" + 64 * MIB);
        assertThat(read("memory.swap.max")).isEqualTo("" + 32 * MIB);
        assertThat(read("memory.low")).isEqualTo("" + 32 * MIB);

        manager.update("c", Resources.memoryAndSwap(-1, -1));
        assertThat(read("memory.max")).isEqualTo("max");
        assertThat(read("memory.swap.max")).isEqualTo("max");
    }

    @Test
    void cpuWeightQuotaAndIdle() throws Exception {
        manager.create("c", Resources.shares(2048), false);
        assertThat(read("cpu.weight")).isEqualTo("174");
        manager.update("c", Resources.quota(20_000, 50_000));
        assertThat(read("cpu.max")).isEqualTo("20000 50000");
        manager.update("c", Resources.quota(-1, 50_000));
        assertThat(read("cpu.max")).isEqualTo("max 50000");
        manager.update("c", Resources.cpu(new Cpu(null, null, null, null, null, Optional.of(1L))));
        assertThat(read("cpu.idle")).isEqualTo("1");
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
        assertThat(read("cpuset.cpus")).isEqualTo("1");
    }

    @Test
    void ioRatesOfADevice() throws Exception {
        var number = Files.readString(Path.of("/sys/block/nvme0n1/dev")).strip().split(":");
        manager.create(
                "c",
                Resources.readRate(Long.parseLong(number[0]), Long.parseLong(number[1]), 1 << 20),
                false);

        assertThat(read("io.max")).contains("rbps=" + (1 << 20)).contains("wbps=max");
        manager.update(
                "c", Resources.readRate(Long.parseLong(number[0]), Long.parseLong(number[1]), 0));
        assertThat(read("io.max")).isEmpty();
    }

    @Test
    void unifiedFiles() throws Exception {
        manager.create("c", Resources.unified("memory.high", "33554432"), false);

        assertThat(read("memory.high")).isEqualTo("33554432");
    }

    @Test
    void aValueThatTheKernelRefusesUndoesTheCreate() {
        assertThatThrownBy(
                        () -> manager.create("c", Resources.unified("memory.high", "many"), false))
                .hasMessageContaining("write many to")
                .hasMessageContaining("EINVAL");
        assertThat(manager.containers()).isEmpty();
    }

    @Test
    void theDeviceFilterIsInForceAndCanBeChanged() throws Exception {
        var placement = manager.create("c", LinuxResources.NONE, false).placement();
        assertThat(placement.deviceWrites()).isEmpty();

        var node = directory.resolve("kmsg");
        var make = "mknod " + node + " c 1 11; ";
        assertThat(OwnSubtree.output(own.run(placement, "echo x > /dev/null; " + make)))
                .contains("exit 0");
        assertThat(OwnSubtree.output(own.run(placement, ": < " + node))).contains("not permitted");

        manager.update("c", Resources.devices(Resources.allow("c", 1, 11, "r")));
        assertThat(OwnSubtree.output(own.run(placement, ": < " + node))).contains("exit 0");
        assertThat(OwnSubtree.output(own.run(placement, ": > " + node))).contains("not permitted");

        manager.update(
                "c",
                Resources.devices(
                        new LinuxResources.DeviceRule(true, "a", null, null, "rwm"),
                        Resources.deny("c", 1, 11, "w")));
        assertThat(OwnSubtree.output(own.run(placement, ": < " + node))).contains("exit 0");
        assertThat(OwnSubtree.output(own.run(placement, ": > " + node))).contains("not permitted");
    }
}
