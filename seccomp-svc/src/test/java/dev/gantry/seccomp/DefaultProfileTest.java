package dev.gantry.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.seccomp.SeccompOperation;
import dev.gantry.seccomp.bpf.BpfInterpreter;
import dev.gantry.seccomp.kernel.RecordingSeccompKernel;
import dev.gantry.seccomp.syscalls.Architecture;
import dev.gantry.seccomp.syscalls.SyscallTable;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.Optional;

/** What a container that asks for nothing may and may not call. */
class DefaultProfileTest {
    private static final int ALLOW = 0x7fff0000;
    private static final int EPERM = 0x00050001;
    private static final int ENOSYS = 0x00050026;
    private static final int KILL_PROCESS = 0x80000000;
    private static final int CLONE_NEWUSER = 0x10000000;

    private final SyscallFilters filters = new CompiledFilters(new RecordingSeccompKernel());

    private int answer(Architecture architecture, List<String> caps, String call, long... args) {
        var program = filters.compile(new SeccompOperation.Compile(Optional.empty(), caps));
        int number = SyscallTable.of(architecture).number(call).orElseThrow();
        return BpfInterpreter.run(program.filter(), architecture.audit(), number, args);
    }

    private int answer(String call, long... args) {
        return answer(Architecture.X86_64, List.of(), call, args);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bpf", "add_key", "keyctl", "request_key", "kexec_load", "kexec_file_load",
                "init_module", "finit_module", "delete_module", "mount", "umount2", "setns",
                "unshare", "reboot", "swapon", "io_uring_setup", "userfaultfd", "perf_event_open",
                "open_by_handle_at", "pivot_root", "chroot", "iopl", "ioperm", "settimeofday",
                "acct", "quotactl", "fsopen", "move_mount", "open_tree"
            })
    void refusesWhatReachesTheHost(String call) {
        assertThat(answer(call)).isEqualTo(EPERM);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "read",
                "write",
                "openat",
                "execve",
                "mmap",
                "futex",
                "rseq",
                "statx",
                "openat2",
                "ptrace",
                "seccomp",
                "prctl",
                "arch_prctl",
                "getrandom",
                "fchmodat2"
            })
    void allowsWhatProgramsNeed(String call) {
        assertThat(answer(call)).isEqualTo(ALLOW);
    }

    @Test
    void aCapabilityOpensItsCalls() {
        assertThat(answer(Architecture.X86_64, List.of("CAP_BPF"), "bpf")).isEqualTo(ALLOW);
        assertThat(answer(Architecture.X86_64, List.of("CAP_SYS_CHROOT"), "chroot"))
                .isEqualTo(ALLOW);
        assertThat(answer(Architecture.X86_64, List.of("CAP_SYS_ADMIN"), "clone3"))
                .isEqualTo(ALLOW);
        assertThat(answer(Architecture.X86_64, List.of("CAP_SYS_ADMIN"), "clone", CLONE_NEWUSER))
                .isEqualTo(ALLOW);
    }

    @Test
    void refusesSocketFamiliesWhateverTheHighBitsAre() {
        for (long family : new long[] {12, 19, 20, 23, 25, 34, 37, 38, 40, 46, 99}) {
            assertThat(answer("socket", family)).as("family %d", family).isEqualTo(EPERM);
            assertThat(answer("socket", family | 1L << 32)).isEqualTo(EPERM);
            assertThat(answer("socket", family | 0xFFFFFFFFL << 32)).isEqualTo(EPERM);
            assertThat(answer(Architecture.X32, List.of(), "socket", family)).isEqualTo(EPERM);
            assertThat(answer(Architecture.X86, List.of(), "socket", family)).isEqualTo(EPERM);
        }
        for (long family : new long[] {1, 2, 10, 16, 17, 39, 45}) {
            assertThat(answer("socket", family)).as("family %d", family).isEqualTo(ALLOW);
        }
    }

    @Test
    void socketcallIsNoWayAroundTheFamilies() {
        assertThat(answer(Architecture.X86, List.of(), "socketcall", 1)).isEqualTo(EPERM);
        assertThat(answer(Architecture.X86, List.of(), "socketcall", 1L | 1L << 32))
                .isEqualTo(EPERM);
        assertThat(answer(Architecture.X86, List.of(), "socketcall", 3)).isEqualTo(ALLOW);
        assertThat(answer(Architecture.X86, List.of(), "socketcall", 21)).isEqualTo(EPERM);
    }

    @Test
    void noNewNamespaceByAnyClone() {
        assertThat(answer("clone", 17)).isEqualTo(ALLOW);
        assertThat(answer("clone", 17 | CLONE_NEWUSER)).isEqualTo(EPERM);
        assertThat(answer("clone", 17 | CLONE_NEWUSER | 1L << 40)).isEqualTo(EPERM);
        assertThat(answer("clone3")).isEqualTo(ENOSYS);
    }

    @Test
    void personalitiesAreTheFiveHarmlessOnes() {
        for (long persona : new long[] {0, 8, 0x20000, 0x20008, 0xFFFFFFFFL, -1}) {
            assertThat(answer("personality", persona)).isEqualTo(ALLOW);
        }
        assertThat(answer("personality", 0x0040000)).isEqualTo(EPERM);
        assertThat(answer("personality", 1)).isEqualTo(EPERM);
    }

    @Test
    void otherWaysToCallHaveTheirOwnTables() {
        assertThat(answer(Architecture.X86, List.of(), "bpf")).isEqualTo(EPERM);
        assertThat(answer(Architecture.X86, List.of(), "read")).isEqualTo(ALLOW);
        assertThat(answer(Architecture.X32, List.of(), "bpf")).isEqualTo(EPERM);
        assertThat(answer(Architecture.X32, List.of(), "execve")).isEqualTo(ALLOW);
        var filter = filters.compile(DefaultProfile.QUESTION).filter();
        assertThat(BpfInterpreter.run(filter, Architecture.AARCH64.audit(), 0))
                .isEqualTo(KILL_PROCESS);
    }

    @Test
    void callsThatNobodyHadHeardOfAreAnsweredSoThatLibrariesFallBack() {
        var filter = filters.compile(DefaultProfile.QUESTION).filter();
        assertThat(BpfInterpreter.run(filter, Architecture.X86_64.audit(), 600)).isEqualTo(ENOSYS);
        assertThat(BpfInterpreter.run(filter, Architecture.X86_64.audit(), -1)).isEqualTo(ALLOW);
    }
}
