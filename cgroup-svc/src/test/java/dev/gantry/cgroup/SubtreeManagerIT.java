package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What holds on every host: v1, hybrid and v2. The guest runs it too. */
@RequiresRoot
class SubtreeManagerIT {
    private static final long MIB = 1 << 20;

    private OwnSubtree own;
    private CgroupManager manager;

    @BeforeEach
    void establish() throws Exception {
        own = new OwnSubtree();
        manager = own.manager;
    }

    @AfterEach
    void leaveNothing() throws Exception {
        own.close();
    }

    @Test
    void memoryLimitKillsWhatExceedsIt() throws Exception {
        var placement = manager.create("hog", Resources.memory(32 * MIB), false).placement();

        // tail holds its whole last "line" of zeroes in memory.
        var ended = OwnSubtree.output(own.run(placement, "tail /dev/zero"));

        assertThat(ended).contains("exit 137");
        assertThat(manager.stats("hog").oomKills().orElseThrow()).isPositive();
        assertThat(manager.stats("hog").memoryLimitBytes()).contains(32 * MIB);
        var event = own.events.poll(OwnSubtree.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(event.id()).isEqualTo("hog");
        assertThat(event.limitBytes()).contains(32 * MIB);
        assertThat(event.oomKills()).isPositive();
    }

    @Test
    void killsWhileTheServiceWasAwayAreToldOnceItIsBack() throws Exception {
        var placement = manager.create("hog", Resources.memory(32 * MIB), false).placement();
        OwnSubtree.output(own.run(placement, "tail /dev/zero"));
        var first = own.events.poll(OwnSubtree.PATIENCE.toSeconds(), TimeUnit.SECONDS);

        own.restart();
        OwnSubtree.output(own.run(placement, "tail /dev/zero"));

        var second = own.events.poll(OwnSubtree.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(second.oomKills()).isGreaterThan(first.oomKills());
        assertThat(own.events).isEmpty();
    }

    @Test
    void pidsLimitRefusesTheNextTask() throws Exception {
        var placement = manager.create("forks", Resources.pids(3), false).placement();

        var output = OwnSubtree.output(own.run(placement, "for i in 1 2 3 4 5; do cat <&0 & done"));

        assertThat(output).doesNotContain("exit 0");
        assertThat(manager.stats("forks").pidsLimit()).contains(3L);
    }

    @Test
    void freezeStopsAndThawContinues() throws Exception {
        var placement = manager.create("ice", LinuxResources.NONE, false).placement();
        var process = own.run(placement, "while :; do echo x; done");
        process.getInputStream().read();

        manager.freeze("ice");
        // Once what was in the pipe is read, nothing more comes.
        OwnSubtree.await(
                "the pipe is empty",
                () -> {
                    try {
                        int left = process.getInputStream().available();
                        process.getInputStream().skipNBytes(left);
                        return left == 0;
                    } catch (java.io.IOException failed) {
                        throw new AssertionError(failed);
                    }
                });
        long before = manager.stats("ice").cpuNanos().orElse(0L);
        assertThat(manager.stats("ice").cpuNanos().orElse(0L)).isEqualTo(before);
        assertThat(process.getInputStream().available()).isZero();

        manager.thaw("ice");
        assertThat(process.getInputStream().read()).isPositive();
    }

    @Test
    void killEndsFrozenProcessesAndTheirChildren() throws Exception {
        var placement = manager.create("gone", LinuxResources.NONE, false).placement();
        var process = own.run(placement, "echo; sleep 1000 & sleep 1000 & wait");
        process.getInputStream().read();
        OwnSubtree.await("three processes", () -> manager.processes("gone").pids().size() == 3);
        manager.freeze("gone");

        var steps = manager.kill("gone");

        assertThat(steps.getFirst().detail()).endsWith("/cgroup.kill = 1");
        assertThat(process.waitFor()).isEqualTo(137);
        OwnSubtree.await("all are gone", () -> manager.processes("gone").pids().isEmpty());
    }

    @Test
    void deleteRemovesGroupsThatTheContainerMade() throws Exception {
        var placement = manager.create("nest", LinuxResources.NONE, false).placement();
        for (var path : placement.v1Paths()) {
            Files.createDirectories(Path.of(path, "a/b"));
        }
        for (var path : placement.unifiedPath().stream().toList()) {
            Files.createDirectories(Path.of(path, "a/b"));
        }

        var steps = manager.delete("nest");

        assertThat(manager.containers()).isEmpty();
        assertThat(steps).anyMatch(step -> step.shell().endsWith("/nest/a/b"));
        assertThat(manager.delete("nest")).isEmpty();
    }

    @Test
    void deleteOfABusyGroupNamesWhoIsInIt() throws Exception {
        var placement = manager.create("busy", LinuxResources.NONE, false).placement();
        var process = own.run(placement, "echo; exec sleep 1000");
        process.getInputStream().read();

        assertThatThrownBy(() -> manager.delete("busy"))
                .hasMessageContaining("/busy")
                .hasMessageContaining(Long.toString(process.pid()));
        assertThat(manager.processes("busy").pids()).contains(process.pid());
    }

    /** The kernel has them from when a disk first got the scheduler bfq. */
    private boolean offersWeights() throws IOException {
        try (Stream<Path> mounts = Files.list(Path.of("/sys/fs/cgroup"))) {
            return mounts.map(mount -> mount.resolve(own.name))
                    .flatMap(
                            group ->
                                    Stream.of("blkio.weight", "blkio.bfq.weight", "io.bfq.weight")
                                            .map(group::resolve))
                    .anyMatch(Files::exists);
        }
    }

    @Test
    void refusalComesBeforeAnythingIsMade() throws IOException {
        assertThatThrownBy(() -> manager.create("no", Resources.cpus("0-4294967295"), false))
                .hasMessageContaining("cpuset.cpus \"0-4294967295\"");
        assertThatThrownBy(() -> manager.create("no", Resources.cpus("0-8000"), false))
                .hasMessageContaining("the host offers");
        if (!offersWeights()) {
            assertThatThrownBy(() -> manager.create("no", Resources.weight(500), false))
                    .hasMessageContaining("weight");
        }
        assertThatThrownBy(() -> manager.create("cgroup.procs", LinuxResources.NONE, false))
                .hasMessageContaining("name of a cgroup file");
        assertThatThrownBy(
                        () ->
                                manager.create(
                                        "no", Resources.unified("hugetlb.2MB.max", "0"), false))
                .hasMessageContaining("hugetlb.2MB.max");
        assertThatThrownBy(
                        () -> manager.create("no", Resources.unified("cgroup.procs", "1"), false))
                .hasMessageContaining("not a file of a controller");
        assertThatThrownBy(() -> manager.create("no", Resources.readRate(4000, 1, 1), false))
                .hasMessageContaining("no block device 4000:1");
        assertThat(manager.containers()).isEmpty();
    }

    @Test
    void planOnlyHasNoSideEffectAndItsShellDoesTheSame() throws Exception {
        var plan = manager.create("plan", Resources.memory(64 * MIB), true);
        assertThat(manager.containers()).isEmpty();
        assertThat(plan.steps()).isNotEmpty().allMatch(step -> step.answer().isEmpty());

        for (var step : plan.steps()) {
            var shell = new ProcessBuilder("sh", "-ec", step.shell()).inheritIO().start();
            assertThat(shell.waitFor()).as(step.shell()).isZero();
        }

        assertThat(manager.stats("plan").memoryLimitBytes()).contains(64 * MIB);
    }

    @Test
    void createTwiceIsCreateOnce() {
        var first = manager.create("twice", Resources.memory(64 * MIB), false);
        var second = manager.create("twice", Resources.memory(32 * MIB), false);

        assertThat(second.placement()).isEqualTo(first.placement());
        assertThat(manager.stats("twice").memoryLimitBytes()).contains(32 * MIB);
    }

    @Test
    void updateIsAllOrNothing() throws Exception {
        manager.create("whole", Resources.pids(10), false);
        var asked =
                new LinuxResources(
                        Resources.memory(64 * MIB).memory(),
                        Resources.shares(512).cpu(),
                        Resources.pids(20).pids(),
                        null,
                        null,
                        null);
        manager.update("whole", asked);
        assertThat(manager.stats("whole").pidsLimit()).contains(20L);
        assertThat(manager.stats("whole").memoryLimitBytes()).contains(64 * MIB);

        assertThatThrownBy(() -> manager.update("whole", Resources.shares(1)))
                .hasMessageContaining("cpu shares 1");
        assertThatThrownBy(() -> manager.update("absent", asked)).hasMessageContaining("absent");
        assertThat(manager.stats("whole").pidsLimit()).contains(20L);
    }

    @Test
    void statsSayWhatTheKernelCounts() throws Exception {
        var placement = manager.create("busy", Resources.memory(64 * MIB), false).placement();
        var process =
                own.run(
                        placement,
                        "x=$(head -c 2000000 /dev/zero | tr '\\0' x); while :; do :; done");
        OwnSubtree.await(
                "some memory", () -> manager.stats("busy").memoryBytes().orElse(0L) > 1_000_000);
        OwnSubtree.await(
                "some cpu time", () -> manager.stats("busy").cpuNanos().orElse(0L) > 1_000_000);
        OwnSubtree.await("one task", () -> manager.stats("busy").pids().orElse(0L) == 1);

        var usage = manager.stats("busy");

        assertThat(process.isAlive()).isTrue();
        assertThat(usage.pids()).contains(1L);
        assertThat(usage.memoryBytes().orElseThrow()).isBetween(1L, 64 * MIB);
        assertThat(usage.oomKills()).contains(0L);
        if (own.hierarchies.mode() != Mode.V1) {
            assertThat(usage.pressure()).extracting("resource").contains("cpu");
        }
    }
}
