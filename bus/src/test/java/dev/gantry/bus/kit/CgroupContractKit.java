package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.cgroup.CgroupResult.Created;
import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.bus.contract.oci.LinuxResources.Pids;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What any implementation of {@code cgroup.v1} must do. A subclass gives a bus on which one serves;
 * it runs as root.
 */
public abstract class CgroupContractKit {
    private static final long MIB = 1 << 20;

    /** Long, for emulated machines. */
    private static final CallOptions PATIENT = CallOptions.within(Duration.ofMinutes(5));

    private final Set<String> created = new LinkedHashSet<>();
    private final List<Process> processes = new ArrayList<>();

    /** A bus that reaches the implementation. */
    protected abstract Bus bus();

    /** Ends the implementation, after a test's containers were deleted. */
    protected void stop() throws Exception {}

    @AfterEach
    void deleteAll() throws Exception {
        for (var process : processes) {
            process.destroyForcibly().waitFor();
        }
        created.forEach(id -> ask(new CgroupOperation.Delete(id)));
        stop();
    }

    @Test
    void probeNamesTheHierarchyAndItsControllers() {
        var host = ask(new CgroupOperation.Probe());

        assertThat(host.root()).startsWith("/");
        assertThat(host.controllers()).containsKeys("memory", "cpu", "pids", "devices");
    }

    @Test
    void createMakesAPlaceForProcesses() throws Exception {
        var placement = create("kit-place", LinuxResources.NONE).placement();

        var process = enter(placement);

        assertThat(ask(new CgroupOperation.Processes("kit-place")).pids()).contains(process.pid());
        if (placement.mode() != Mode.V1) {
            assertThat(placement.unifiedPath()).isPresent();
        }
        if (placement.mode() != Mode.V2) {
            assertThat(placement.v1Paths()).isNotEmpty();
        }
    }

    @Test
    void everyStepIsToldWithTheKernelsAnswer() {
        var steps = create("kit-steps", limits(64 * MIB, 10)).steps();

        assertThat(steps)
                .isNotEmpty()
                .allSatisfy(
                        step -> {
                            assertThat(step.answer()).contains("ok");
                            assertThat(step.startNanos()).isPresent();
                            assertThat(step.shell()).isNotBlank();
                        });
    }

    @Test
    void aPlanHasNoSideEffect() {
        var plan = ask(new CgroupOperation.Create("kit-plan", limits(64 * MIB, 10), true));

        assertThat(plan.steps()).isNotEmpty().allMatch(step -> step.answer().isEmpty());
        assertFault(FaultCode.NOT_FOUND, new CgroupOperation.Stats("kit-plan"));
    }

    @Test
    void limitsCanBeReadBackAndChanged() {
        create("kit-limits", limits(64 * MIB, 10));

        ask(new CgroupOperation.Update("kit-limits", limits(32 * MIB, 20)));

        var usage = ask(new CgroupOperation.Stats("kit-limits"));
        assertThat(usage.memoryLimitBytes()).contains(32 * MIB);
        assertThat(usage.pidsLimit()).contains(20L);
    }

    @Test
    void createAndDeleteAreIdempotent() {
        var first = create("kit-again", limits(64 * MIB, 10));
        var second = create("kit-again", limits(64 * MIB, 10));

        assertThat(second.placement()).isEqualTo(first.placement());
        ask(new CgroupOperation.Delete("kit-again"));
        ask(new CgroupOperation.Delete("kit-again"));
        assertFault(FaultCode.NOT_FOUND, new CgroupOperation.Stats("kit-again"));
    }

    @Test
    void whatCannotBeHonouredIsAFaultAndNothingIsMade() {
        var cpus =
                new LinuxResources.Cpu(null, null, null, Optional.of("0-4294967295"), null, null);
        var resources = new LinuxResources(null, Optional.of(cpus), null, null, null, null);

        assertFault(
                FaultCode.INVALID_ARGUMENT,
                new CgroupOperation.Create("kit-refused", resources, false));
        assertFault(FaultCode.NOT_FOUND, new CgroupOperation.Stats("kit-refused"));
    }

    @Test
    void freezeThawAndKill() throws Exception {
        var placement = create("kit-life", LinuxResources.NONE).placement();
        var process = enter(placement);

        ask(new CgroupOperation.Freeze("kit-life"));
        ask(new CgroupOperation.Thaw("kit-life"));
        ask(new CgroupOperation.Freeze("kit-life"));
        if (placement.mode() == Mode.V1) {
            assertFault(FaultCode.UNSUPPORTED, new CgroupOperation.Kill("kit-life"));
            ask(new CgroupOperation.Thaw("kit-life"));
            return;
        }
        ask(new CgroupOperation.Kill("kit-life"));

        assertThat(process.waitFor()).isEqualTo(137);
        ask(new CgroupOperation.Delete("kit-life"));
    }

    @Test
    void aGroupWithProcessesIsNotDeleted() throws Exception {
        var process = enter(create("kit-busy", LinuxResources.NONE).placement());

        assertFault(FaultCode.FAILED_PRECONDITION, new CgroupOperation.Delete("kit-busy"));
        assertThat(process.isAlive()).isTrue();
    }

    private Created create(String id, LinuxResources resources) {
        created.add(id);
        return ask(new CgroupOperation.Create(id, resources, false));
    }

    private Process enter(Placement placement) throws Exception {
        var process = new ProcessBuilder("sleep", "1000").start();
        processes.add(process);
        var directories = new ArrayList<>(placement.v1Paths());
        placement.unifiedPath().ifPresent(directories::add);
        for (var directory : directories) {
            Files.writeString(Path.of(directory, "cgroup.procs"), Long.toString(process.pid()));
        }
        return process;
    }

    private static LinuxResources limits(long memory, long pids) {
        return new LinuxResources(
                Optional.of(new Memory(Optional.of(memory), null, null, null, null)),
                null,
                Optional.of(new Pids(pids)),
                null,
                null,
                null);
    }

    private <R> R ask(CgroupOperation<R> operation) {
        return bus().ask(CgroupOperation.CONTRACT, operation, PATIENT);
    }

    private void assertFault(FaultCode code, CgroupOperation<?> operation) {
        assertThatThrownBy(() -> ask(operation))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        failed -> assertThat(failed.fault().code()).isEqualTo(code));
    }
}
