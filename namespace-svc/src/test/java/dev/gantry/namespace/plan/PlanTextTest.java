package dev.gantry.namespace.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.kit.Specs;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

class PlanTextTest {
    @Test
    void stepsAreTheCommandsThatAPersonWouldType() {
        var shell =
                Requests.compile(Specs.of("sh", "-c", "echo it's")).steps().stream()
                        .map(step -> step.shell())
                        .toList();

        assertThat(shell)
                .contains(
                        "mount --make-rprivate /",
                        "cd \"$root\" && pivot_root . . && umount -l .",
                        "exec sh -c 'echo it'\\''s'")
                .anyMatch(
                        s -> s.startsWith("exec unshare --mount --uts --ipc --net --pid --cgroup"))
                .anyMatch(s -> s.contains("mount -t overlay -o lowerdir=/l/2:/l/1,"))
                .anyMatch(s -> s.equals("mknod -m 666 \"$root\"/dev/null c 1 3"));
    }

    @Test
    void everyCommandIsOneThatAShellCanRead() throws Exception {
        for (var step : Requests.compile(Specs.terminal("sh", "-c", "a 'b' \"c\" $d")).steps()) {
            assertThat(parses(step.shell())).as(step.shell()).isTrue();
        }
    }

    @Test
    void doneStepsCarryTimesAndAnswers() {
        var plan = Requests.compile(Specs.of("sh"));
        var timings = Map.of(2, new LaunchPlan.Timing(5, 7, 0), 3, new LaunchPlan.Timing(12, 1, 2));

        var steps = plan.steps(timings);

        assertThat(steps).hasSize(2);
        assertThat(steps)
                .extracting(s -> s.answer().orElseThrow())
                .isEqualTo(List.of("ok", "ENOENT"));
        assertThat(steps.getFirst().startNanos()).contains(5L);
        assertThat(steps.getFirst().durationNanos()).contains(7L);
    }

    private static boolean parses(String command) throws IOException, InterruptedException {
        var bash = new ProcessBuilder("bash", "-n").redirectErrorStream(true).start();
        bash.getOutputStream().write(command.getBytes(StandardCharsets.UTF_8));
        bash.getOutputStream().close();
        return bash.waitFor(10, TimeUnit.SECONDS) && bash.exitValue() == 0;
    }
}
