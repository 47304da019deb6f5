package dev.gantry.orchestrator.it;

import static dev.gantry.orchestrator.it.GantryInstance.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Nothing that a container needs lives in a JVM: ten containers under load outlive every service.
 */
@RequiresRoot
class SurvivalIT {
    private static final int CONTAINERS = 10;
    private static final List<String> SERVICES =
            List.of(
                    "launcher",
                    "bus",
                    "orchestrator",
                    "namespace-svc",
                    "cgroup-svc",
                    "seccomp-svc",
                    "storage-svc",
                    "network-svc",
                    "cli");

    @Test
    void everyServiceMayBeKilledAndAllAtOnce() {
        try (var gantry = GantryInstance.up()) {
            // Given ten containers that write all the time
            for (int i = 0; i < CONTAINERS; i++) {
                gantry.gantry(
                                "run",
                                "-d",
                                "--name",
                                "c" + i,
                                "host-shell",
                                "sh",
                                "-c",
                                "n=0; while :; do echo line $n; n=$((n+1)); usleep 20000; done")
                        .ok();
            }

            // When each service is killed in turn, then all at once
            for (var service : SERVICES) {
                kill(gantry, List.of(service));
                assertAllUsable(gantry, service);
            }
            kill(gantry, SERVICES);
            assertAllUsable(gantry, "all");

            // Then the logs are whole, and stop and rm work
            for (int i = 0; i < CONTAINERS; i++) {
                assertWhole(gantry.gantry("logs", "c" + i).ok().lines());
                gantry.gantry("stop", "-t", "1", "c" + i).ok();
                gantry.gantry("rm", "c" + i).ok();
            }
            assertThat(gantry.gantry("ps", "-aq").ok().out()).isEmpty();
        }
    }

    private static void kill(GantryInstance gantry, List<String> services) {
        var pids = services.stream().map(gantry::pid).toList();
        for (var pid : pids) {
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        }
        eventually(
                services + " are back",
                () -> {
                    var table = gantry.gantry("services");
                    return table.code() == 0
                            && table.out().lines().filter(l -> l.contains(" ready ")).count()
                                    == SERVICES.size()
                            && services.stream()
                                    .noneMatch(service -> pids.contains(gantry.pid(service)));
                });
    }

    private static void assertAllUsable(GantryInstance gantry, String killed) {
        assertThat(gantry.gantry("ps", "-q").ok().lines()).as(killed).hasSize(CONTAINERS);
        assertThat(gantry.gantry("exec", "c0", "echo", "alive").ok().out()).isEqualTo("alive\n");
        assertThat(gantry.gantry("logs", "--tail", "1", "c1").ok().out()).startsWith("line ");
        assertThat(gantry.gantry("run", "--rm", "host-shell", "echo", "new").ok().out())
                .as(killed)
                .isEqualTo("new\n");
    }

    private static void assertWhole(List<String> lines) {
        assertThat(lines).hasSizeGreaterThan(10);
        assertThat(lines)
                .isEqualTo(IntStream.range(0, lines.size()).mapToObj(i -> "line " + i).toList());
    }
}
