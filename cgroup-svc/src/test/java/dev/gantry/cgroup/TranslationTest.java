package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.Cpu;
import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.controller.Controller;
import dev.gantry.cgroup.controller.Group;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Optional;

/** OCI values in, kernel files out: no kernel needed. */
class TranslationTest {
    private static final Optional<Long> NONE = Optional.empty();

    private static String v1(LinuxResources resources, Controller controller, String... files) {
        return text(controller, resources, new RecordedGroup(files));
    }

    private static String text(Controller controller, LinuxResources resources, Group group) {
        var out = new StringBuilder();
        for (var setting : controller.settings(resources, group)) {
            out.append(setting.file()).append('=').append(setting.value()).append(' ');
        }
        return out.toString().strip();
    }

    @Test
    void v1MemoryLimitGoesBeforeMemswInAFreshGroup() {
        assertThat(v1(Resources.memoryAndSwap(100, 300), new dev.gantry.cgroup.v1.Memory()))
                .isEqualTo("memory.limit_in_bytes=100 memory.memsw.limit_in_bytes=300");
    }

    @Test
    void v1MemswGoesFirstWhenTheLimitRisesAboveIt() {
        var group =
                new RecordedGroup("memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=200");

        assertThat(
                        text(
                                new dev.gantry.cgroup.v1.Memory(),
                                Resources.memoryAndSwap(300, 400),
                                group))
                .isEqualTo("memory.memsw.limit_in_bytes=400 memory.limit_in_bytes=300");
        assertThat(text(new dev.gantry.cgroup.v1.Memory(), Resources.memoryAndSwap(50, 60), group))
                .isEqualTo("memory.limit_in_bytes=50 memory.memsw.limit_in_bytes=60");
        assertInvalid(
                () -> text(new dev.gantry.cgroup.v1.Memory(), Resources.memory(300), group),
                "above the limit of memory and swap in force, 200");
    }

    @Test
    void v1WithoutMemswNamesTheFile() {
        var group = new RecordedGroup().without("memory.memsw.limit_in_bytes");

        assertThatThrownBy(
                        () ->
                                text(
                                        new dev.gantry.cgroup.v1.Memory(),
                                        Resources.memoryAndSwap(100, 200),
                                        group))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        failed ->
                                assertThat(failed.fault().code()).isEqualTo(FaultCode.UNSUPPORTED))
                .hasMessageContaining("memory.memsw.limit_in_bytes");
    }

    @Test
    void v2SwapIsTheTotalLessTheLimit() {
        var memory = new dev.gantry.cgroup.v2.Memory();

        assertThat(text(memory, Resources.memoryAndSwap(100, 300), new RecordedGroup()))
                .isEqualTo("memory.swap.max=200 memory.max=100");
        assertThat(text(memory, Resources.memoryAndSwap(100, 100), new RecordedGroup()))
                .isEqualTo("memory.swap.max=0 memory.max=100");
        assertThat(text(memory, Resources.memoryAndSwap(-1, -1), new RecordedGroup()))
                .isEqualTo("memory.swap.max=max memory.max=max");
        assertThat(
                        text(
                                memory,
                                Resources.memory(
                                        new Memory(NONE, NONE, Optional.of(300L), NONE, null)),
                                new RecordedGroup("memory.max=100")))
                .isEqualTo("memory.swap.max=200");
    }

    @Test
    void v2RefusesWhatItHasNoFileFor() {
        var memory = new dev.gantry.cgroup.v2.Memory();

        assertThatThrownBy(
                        () ->
                                text(
                                        memory,
                                        Resources.memory(
                                                new Memory(
                                                        NONE, NONE, NONE, Optional.of(10L), null)),
                                        new RecordedGroup()))
                .hasMessageContaining("swappiness");
        assertThatThrownBy(
                        () ->
                                text(
                                        memory,
                                        Resources.memory(
                                                new Memory(
                                                        NONE, NONE, NONE, NONE, Optional.of(true))),
                                        new RecordedGroup()))
                .hasMessageContaining("disableOOMKiller");
    }

    @ParameterizedTest
    @CsvSource({"100,50", "-1,200", "0,0", "-2,-1", "100,-5"})
    void memoryValuesThatCannotHoldAreRefused(long limit, long total) {
        for (var memory :
                new Controller[] {
                    new dev.gantry.cgroup.v1.Memory(), new dev.gantry.cgroup.v2.Memory()
                }) {
            assertInvalid(
                    () -> text(memory, Resources.memoryAndSwap(limit, total), new RecordedGroup()),
                    "memory");
        }
    }

    /** The least, the default and the greatest of both scales meet. */
    @ParameterizedTest
    @CsvSource({
        "2,1",
        "3,2",
        "8,3",
        "64,12",
        "256,35",
        "512,59",
        "1000,99",
        "1024,100",
        "2048,174",
        "65536,3023",
        "262143,10000",
        "262144,10000"
    })
    void sharesBecomeWeight(long shares, long weight) {
        assertThat(v1(Resources.shares(shares), new dev.gantry.cgroup.v2.Cpu()))
                .isEqualTo("cpu.weight=" + weight);
    }

    @Test
    void cpuQuota() {
        assertThat(v1(Resources.quota(50_000, 100_000), new dev.gantry.cgroup.v1.Cpu()))
                .isEqualTo("cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000");
        assertThat(v1(Resources.quota(50_000, 100_000), new dev.gantry.cgroup.v2.Cpu()))
                .isEqualTo("cpu.max=50000 100000");
        var onlyQuota = new Cpu(null, Optional.of(-1L), null, null, null, null);
        assertThat(
                        text(
                                new dev.gantry.cgroup.v2.Cpu(),
                                Resources.cpu(onlyQuota),
                                new RecordedGroup("cpu.max=5000 20000")))
                .isEqualTo("cpu.max=max 20000");
    }

    @Test
    void cpuValuesThatTheKernelWouldChangeAreRefused() {
        for (var shares : new long[] {0, 1, -1, 262_145, Long.MAX_VALUE}) {
            assertInvalid(
                    () -> v1(Resources.shares(shares), new dev.gantry.cgroup.v1.Cpu()), "cpu");
        }
        assertInvalid(
                () -> v1(Resources.quota(1, 100_000), new dev.gantry.cgroup.v2.Cpu()), "quota");
        assertInvalid(
                () -> v1(Resources.quota(5000, 1_000_001), new dev.gantry.cgroup.v2.Cpu()),
                "period");
    }

    @Test
    void idleIsEnteredAfterAndLeftBeforeTheShares() {
        var cpu = new dev.gantry.cgroup.v1.Cpu();

        assertThat(
                        v1(
                                Resources.cpu(
                                        new Cpu(
                                                Optional.of(2L),
                                                null,
                                                null,
                                                null,
                                                null,
                                                Optional.of(1L))),
                                cpu))
                .isEqualTo("cpu.shares=2 cpu.idle=1");
        assertThat(
                        v1(
                                Resources.cpu(
                                        new Cpu(
                                                Optional.of(2L),
                                                null,
                                                null,
                                                null,
                                                null,
                                                Optional.of(0L))),
                                cpu))
                .isEqualTo("cpu.idle=0 cpu.shares=2");
    }

    @Test
    void aV1CpusetIsFilledFromTheGroupAbove() {
        var group = new RecordedGroup("../cpuset.cpus=0-3", "../cpuset.mems=0");

        assertThat(text(new dev.gantry.cgroup.v1.Cpuset(), LinuxResources.NONE, group))
                .isEqualTo("cpuset.cpus=0-3 cpuset.mems=0");
        assertThat(text(new dev.gantry.cgroup.v1.Cpuset(), Resources.cpus("1,3"), group))
                .isEqualTo("cpuset.cpus=1,3 cpuset.mems=0");
    }

    /** security.md row 21: bounded before it is expanded. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0-4294967295",
                "4294967295",
                "0-99999",
                "3-1",
                "",
                ",",
                "0,",
                "a",
                "-1",
                "0-",
                "1\n2",
                "0-1:2/3",
                "4",
                " 0"
            })
    void hostileCpuListsAreRefused(String list) {
        var group =
                new RecordedGroup(
                        "../cpuset.cpus=0-3", "../cpuset.mems=0", "../cpuset.cpus.effective=0-3");

        assertInvalid(
                () -> text(new dev.gantry.cgroup.v1.Cpuset(), Resources.cpus(list), group),
                "cpuset.cpus");
        assertInvalid(
                () -> text(new dev.gantry.cgroup.v2.Cpuset(), Resources.cpus(list), group),
                "cpuset.cpus");
    }

    @Test
    void pids() {
        assertThat(v1(Resources.pids(10), new dev.gantry.cgroup.v1.Pids()))
                .isEqualTo("pids.max=10");
        assertThat(v1(Resources.pids(-1), new dev.gantry.cgroup.v2.Pids()))
                .isEqualTo("pids.max=max");
        assertThat(v1(Resources.pids(0), new dev.gantry.cgroup.v2.Pids()))
                .isEqualTo("pids.max=max");
        assertInvalid(() -> v1(Resources.pids(5_000_000), new dev.gantry.cgroup.v2.Pids()), "pids");
    }

    /** security.md row 8: no way to the files that move processes or change the tree. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "cgroup.procs",
                "../memory.max",
                "memory.max/..",
                "release_agent",
                "memory",
                "",
                "cgroup.subtree_control",
                "memory.max\n",
                "Memory.max"
            })
    void unifiedTakesFilesOfControllersOnly(String file) {
        assertInvalid(
                () -> v1(Resources.unified(file, "1"), new dev.gantry.cgroup.v2.Unified()),
                "not a file of a controller");
    }

    @Test
    void unifiedValuesAreOneLine() {
        assertThat(v1(Resources.unified("memory.high", "1G"), new dev.gantry.cgroup.v2.Unified()))
                .isEqualTo("memory.high=1G");
        assertInvalid(
                () ->
                        v1(
                                Resources.unified("memory.high", "1\n2"),
                                new dev.gantry.cgroup.v2.Unified()),
                "one line");
    }

    private static void assertInvalid(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        FaultException.class,
                        failed ->
                                assertThat(failed.fault().code())
                                        .isEqualTo(FaultCode.INVALID_ARGUMENT))
                .hasMessageContaining(words);
    }
}
