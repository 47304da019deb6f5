package dev.gantry.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.cgroup.CgroupResult;
import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.cgroup.kernel.RecordingKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The manager over a recorded kernel: hosts of other kinds than this one, and their refusals. */
class SubtreeManagerTest {
    @TempDir Path directory;

    private final RecordingKernel kernel = new RecordingKernel();
    private final List<OomWatch> watches = new ArrayList<>();

    @AfterEach
    void close() {
        watches.forEach(OomWatch::close);
    }

    private RecordingKernel v1() {
        return kernel.file(
                        "/proc/self/mountinfo",
                        "1 0 0:1 / /c/memory rw - cgroup none rw,memory\n"
                                + "2 0 0:2 / /c/pids rw - cgroup none rw,pids\n"
                                + "3 0 0:3 / /c/devices rw - cgroup none rw,devices\n")
                .file("/proc/self/cgroup", "1:memory:/\n2:pids:/\n3:devices:/\n")
                .file("/c/memory/g/memory.limit_in_bytes", "9223372036854771712")
                .file("/c/memory/g/memory.oom_control", "oom_kill 0")
                .file("/c/memory/g/cgroup.event_control", "")
                .file("/c/pids/g/pids.max", "max");
    }

    private RecordingKernel v2() {
        return kernel.file("/proc/self/mountinfo", "1 0 0:1 / /c rw - cgroup2 none rw\n")
                .file("/proc/self/cgroup", "0::/system.slice/g.service\n")
                .file("/c/cgroup.controllers", "cpu memory pids")
                .file("/c/cgroup.subtree_control", "cpu memory");
    }

    private SubtreeManager manager() {
        var watch = new OomWatch(kernel, new OomLedger(directory), event -> {});
        watches.add(watch);
        var manager = new SubtreeManager(kernel, new Subtree(kernel, "g").establish(), watch);
        kernel.calls.clear();
        return manager;
    }

    @Test
    void createWritesInOrder() {
        v1();
        var manager = manager();

        var created = manager.create("c", Resources.memory(4096), false);

        assertThat(kernel.calls)
                .startsWith(
                        "mkdir /c/memory/g/c",
                        "write /c/memory/g/c/memory.limit_in_bytes 4096",
                        "mkdir /c/pids/g/c");
        assertThat(created.placement().mode()).isEqualTo(Mode.V1);
        assertThat(created.placement().v1Paths())
                .containsExactly("/c/memory/g/c", "/c/pids/g/c", "/c/devices/g/c");
        assertThat(created.placement().deviceWrites())
                .first()
                .isEqualTo(new CgroupResult.DeviceWrite("/c/devices/g/c/devices.deny", "a"));
        assertThat(created.placement().unifiedPath()).isEmpty();
    }

    @Test
    void aRefusalHalfWayTakesBackWhatWasMade() {
        v1().fail("mkdir /c/pids/g/c", Errno.ENOSPC);
        var manager = manager();

        assertFault(
                FaultCode.RESOURCE_EXHAUSTED,
                () -> manager.create("c", Resources.memory(4096), false),
                "mkdir /c/pids/g/c: ENOSPC");
        assertThat(kernel.calls).endsWith("mkdir /c/pids/g/c", "rmdir /c/memory/g/c");
    }

    @Test
    void aFailedCleanUpIsTold() {
        v1().fail("mkdir /c/pids/g/c", Errno.ENOSPC).fail("rmdir /c/memory/g/c", Errno.EBUSY);
        var manager = manager();

        assertThatThrownBy(() -> manager.create("c", LinuxResources.NONE, false))
                .hasMessage("mkdir /c/pids/g/c: ENOSPC; then, undoing: rmdir /c/memory/g/c: EBUSY");
    }

    @Test
    void whatTheHostLacksIsNamedBeforeAnythingIsMade() {
        v1();
        var manager = manager();

        unsupported(manager, Resources.memoryAndSwap(1, 2), "memory.memsw.limit_in_bytes");
        unsupported(manager, Resources.shares(512), "the cpu controller");
        unsupported(manager, Resources.cpus("0"), "the cpuset controller");
        unsupported(manager, Resources.weight(500), "the blkio controller");
        unsupported(manager, Resources.unified("memory.high", "1"), "memory.high");
        assertThat(kernel.calls).isEmpty();
        // v1 alone cannot kill a group; who freezes needs the freezer.
        manager.create("c", LinuxResources.NONE, false);
        kernel.file("/c/memory/g/c/cgroup.procs", "");
        assertFault(FaultCode.UNSUPPORTED, () -> manager.kill("c"), "cgroup.kill");
        assertFault(FaultCode.UNSUPPORTED, () -> manager.freeze("c"), "freezer.state");
    }

    private void unsupported(CgroupManager manager, LinuxResources resources, String words) {
        assertFault(FaultCode.UNSUPPORTED, () -> manager.create("c", resources, false), words);
    }

    @Test
    void v2EnablesControllersOneByOneAndReportsThoseThatFail() {
        v2().file("/c/g/cgroup.controllers", "cpu memory pids")
                .file("/c/g/cgroup.subtree_control", "memory")
                .file("/c/g/memory.max", "max")
                .fail("write /c/g/cgroup.subtree_control +cpu", Errno.EINVAL);

        var report = new Subtree(kernel, "g").establish().report();

        assertThat(kernel.calls)
                .contains(
                        "write /c/cgroup.subtree_control +pids",
                        "write /c/g/cgroup.subtree_control +pids");
        assertThat(report)
                .containsEntry("cpu", "write +cpu to /c/g/cgroup.subtree_control: EINVAL");
    }

    /** security.md row 8: systemd owns the top of the tree; a unit has only what it was given. */
    @Test
    void underSystemdTheSubtreeIsInTheUnitsOwnGroup() {
        v2().file("/run/systemd/system/x", "")
                .file("/c/system.slice/g.service/cgroup.procs", "41\n42\n")
                .file("/c/system.slice/g.service/cgroup.controllers", "memory")
                .file("/c/system.slice/g.service/cgroup.subtree_control", "");

        var hierarchies = new Subtree(kernel, "g").establish();

        assertThat(hierarchies.all().getFirst().root()).isEqualTo("/c/system.slice/g.service/g");
        assertThat(kernel.calls)
                .containsSubsequence(
                        "mkdir /c/system.slice/g.service/service",
                        "write /c/system.slice/g.service/service/cgroup.procs 41",
                        "write /c/system.slice/g.service/service/cgroup.procs 42",
                        "write /c/system.slice/g.service/cgroup.subtree_control +memory",
                        "mkdir /c/system.slice/g.service/g");
        assertThat(kernel.calls).noneMatch(call -> call.startsWith("write /c/cgroup."));
    }

    private static void assertFault(
            FaultCode code,
            org.assertj.core.api.ThrowableAssert.ThrowingCallable call,
            String words) {
        Consumer<FaultException> check =
                failed -> assertThat(failed.fault().code()).isEqualTo(code);
        assertThatThrownBy(call)
                .hasMessageContaining(words)
                .isInstanceOfSatisfying(FaultException.class, check);
    }
}
