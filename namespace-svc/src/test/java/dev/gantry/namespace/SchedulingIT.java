package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.oci.OciProcess.CpuAffinity;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.Test;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What the kernel says of a process's scheduling: proc(5), /proc/PID/stat and status. */
@RequiresRoot
class SchedulingIT extends HostedFixture {
    /** Real-time priority and policy, of /proc/PID/stat. */
    private static final String STAT = "cut -d' ' -f 40,41 /proc/self/stat";

    @Test
    void theSchedulerIsAsAskedFor() throws Exception {
        var batch =
                spec(
                        "cut -d' ' -f 19 /proc/self/stat; " + STAT,
                        "process.scheduler",
                        "{\"policy\":\"SCHED_BATCH\",\"nice\":5}");
        var fifo =
                spec(
                        STAT + "; exec " + STAT,
                        "process.scheduler",
                        "{\"policy\":\"SCHED_FIFO\",\"priority\":7,"
                                + "\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]}");

        assertThat(run(batch).out()).isEqualTo("5\n0 3\n");
        // reset on fork: what the shell forks has it no more, the shell itself has
        assertThat(run(fifo).out()).isEqualTo("0 0\n7 1\n");
    }

    @Test
    void theInputOutputPriorityIsAsAskedFor() throws Exception {
        var spec =
                spec(
                        "ionice -p $$",
                        "process.ioPriority",
                        "{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":6}");

        assertThat(run(spec).out()).contains("best-effort: prio 6");
    }

    @Test
    void thePersonalityIsOfTheContainerAndOfItsFurtherProcesses() throws Exception {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        String id = newId();
        ask(
                request(
                        id,
                        spec(
                                "uname -m > /m; sleep 1000",
                                "personality",
                                "{\"domain\":\"LINUX32\"}"),
                        Stdio.DETACHED));
        ask(new Start(id));

        assertThat(exec(id, spec("uname -m", "hostname", "\"\"")))
                .isEqualTo(arm ? "armv8l\n" : "i686\n");
        assertThat(Files.readString(upper(id).resolve("m"))).isEqualTo(arm ? "armv8l\n" : "i686\n");
    }

    @Test
    void memoryIsTakenFromTheNodesThatAreNamed() throws Exception {
        var policy = "{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}";

        var out = run(spec("head -n 1 /proc/self/numa_maps", "memoryPolicy", policy)).out();

        assertThat(out).contains(" bind=static:0 ");
        assertThatThrownBy(
                        () ->
                                run(
                                        spec(
                                                "true",
                                                "memoryPolicy",
                                                "{\"mode\":\"MPOL_BIND\",\"nodes\":\"1023\"}")))
                .hasMessageContaining("set_mempolicy")
                .hasMessageContaining("1023");
    }

    @Test
    void aFurtherProcessRunsOnTheProcessorsThatItWasGiven() throws Exception {
        String allowed = "grep Cpus_allowed_list /proc/self/status";
        String id = newId();
        create(id, "sleep", "1000");
        ask(new Start(id));

        for (var affinity :
                new CpuAffinity[] {new CpuAffinity("0", ""), new CpuAffinity("", "0")}) {
            var json =
                    "{\"initial\":\"%s\",\"final\":\"%s\"}"
                            .formatted(affinity.initial(), affinity.last());
            assertThat(exec(id, spec(allowed, "process.execCPUAffinity", json)))
                    .isEqualTo("Cpus_allowed_list:\t0\n");
        }
        assertThat(exec(id, Specs.of("sh", "-c", allowed)))
                .isEqualTo(
                        Files.readAllLines(Path.of("/proc/self/status")).stream()
                                        .filter(l -> l.startsWith("Cpus_allowed_list"))
                                        .findFirst()
                                        .orElseThrow()
                                + "\n");
    }

    @Test
    void aProcessorThatIsNotThereIsTheKernelsToRefuse() throws Exception {
        String id = newId();
        create(id, "sleep", "1000");
        ask(new Start(id));
        var spec = spec("true", "process.execCPUAffinity", "{\"final\":\"4000\"}");

        assertThatThrownBy(() -> exec(id, spec))
                .hasMessageContaining("sched_setaffinity")
                .hasMessageContaining("EINVAL");
    }

    @Test
    void labelsNeedTheirModule() throws Exception {
        org.junit.jupiter.api.Assumptions.assumeFalse(
                Files.exists(Path.of("/sys/module/apparmor/parameters/enabled")));
        String id = newId();
        var spec = spec("true", "process.apparmorProfile", "\"box\"");

        assertThatThrownBy(() -> ask(request(id, spec, Stdio.DETACHED)))
                .hasMessageContaining("the kernel has no AppArmor");
    }

    private String exec(String id, OciSpec spec) throws Exception {
        var session =
                ask(
                        new Exec(
                                id,
                                "x" + System.nanoTime(),
                                spec.process(),
                                Optional.empty(),
                                0,
                                new Stdio(false, true, null, 0, 0)));
        try (var client = attach(session, 4)) {
            return output(client).out();
        }
    }
}
