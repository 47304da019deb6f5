package dev.gantry.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.LoggedEvent;
import dev.gantry.bus.contract.container.ExecSpec;
import dev.gantry.orchestrator.testing.Bench;
import dev.gantry.orchestrator.testing.FakeServices.Trouble;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A container's life, as a client sees it. */
class LifeCycleTest {
    @TempDir Path directory;
    private Bench bench;

    @BeforeEach
    void up() {
        bench = new Bench(directory);
    }

    @AfterEach
    void down() {
        bench.close();
    }

    @Test
    void runsExitsAndGivesBackWhatItHeld() {
        var id = run(Map.of("name", "one"));
        assertThat(bench.state("one")).isEqualTo("running");

        bench.services.exit(id, 3, 0);
        var exit = bench.ask(new ContainerOperation.Wait("one", 10_000));

        assertThat(exit.stopped()).isTrue();
        assertThat(exit.code()).isEqualTo(3);
        assertThat(bench.state("one")).isEqualTo("stopped");
        assertThat(bench.services.attachments).isEmpty();
        assertThat(bench.services.cgroups).isEmpty();
        assertThat(bench.services.layers).containsExactly(id);
        assertThat(topics())
                .containsSubsequence(
                        "events.container.created",
                        "events.container.started",
                        "events.container.died");
    }

    @Test
    void waitTellsWhenItsTimeIsOver() {
        run(Map.of("name", "one"));

        assertThat(bench.ask(new ContainerOperation.Wait("one", 20)).stopped()).isFalse();
    }

    @Test
    void removesItselfWhenAsked() {
        var id = run(Map.of("autoRemove", true));

        bench.services.exit(id, 7, 0);
        var exit = bench.ask(new ContainerOperation.Wait(id, 10_000));

        assertThat(exit.code()).isEqualTo(7);
        assertThat(bench.services.isEmpty()).as(bench.services.leftovers()).isTrue();
        assertThat(bench.ask(new ContainerOperation.Wait(id, 0)).code()).isEqualTo(7);
        assertThatThrownBy(() -> bench.state(id)).hasMessageContaining("no such container");
    }

    @Test
    void startsAgainOnTheSameLayer() {
        var id = run(Map.of("name", "one"));
        bench.services.exit(id, 0, 0);
        bench.ask(new ContainerOperation.Wait("one", 10_000));

        bench.ask(new ContainerOperation.Start("one"));

        assertThat(bench.state("one")).isEqualTo("running");
        assertThat(bench.services.attachments).containsExactly(id);
        bench.services.exit(id, 4, 0);
        assertThat(bench.ask(new ContainerOperation.Wait("one", 10_000)).code()).isEqualTo(4);
    }

    @Test
    void aFailedSecondStartLeavesItStoppedAsBefore() {
        var id = run(Map.of("name", "one"));
        bench.services.exit(id, 6, 0);
        bench.ask(new ContainerOperation.Wait("one", 10_000));

        for (var step :
                List.of(
                        "storage Mounts",
                        "network Attach",
                        "cgroup Create",
                        "namespace Create",
                        "namespace Delete")) {
            bench.services.trouble(step, Trouble.FAIL);
            assertThatThrownBy(() -> bench.ask(new ContainerOperation.Start("one")))
                    .hasMessageContaining("made to fail");
            bench.services.calm();
            assertThat(bench.state("one")).isEqualTo("stopped");
            assertThat(bench.services.attachments).isEmpty();
            assertThat(bench.services.cgroups).isEmpty();
        }
        assertThat(bench.ask(new ContainerOperation.Wait("one", 0)).code()).isEqualTo(6);
        bench.ask(new ContainerOperation.Start("one"));
        assertThat(bench.state("one")).isEqualTo("running");
    }

    @Test
    void stopAsksFirstAndKillsLater() {
        run(Map.of("name", "polite"));
        bench.ask(new ContainerOperation.Stop("polite", 5_000));
        assertThat(bench.ask(new ContainerOperation.Wait("polite", 0)).code()).isEqualTo(143);

        bench.services.ignoresTerm = true;
        run(Map.of("name", "stubborn"));
        bench.ask(new ContainerOperation.Stop("stubborn", 50));
        assertThat(bench.ask(new ContainerOperation.Wait("stubborn", 0)).code()).isEqualTo(137);
        assertThat(topics()).contains("events.container.stopped");
    }

    @Test
    void statesAllowOnlyWhatIsLegal() {
        var id = run(Map.of("name", "one"));
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Unpause("one")))
                .hasMessageContaining("cannot unpause container")
                .hasMessageContaining("it is running");
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Remove("one", false)))
                .hasMessageContaining("stop it first");
        bench.ask(new ContainerOperation.Pause("one"));
        assertThat(bench.state("one")).isEqualTo("paused");
        assertThat(bench.services.frozen).containsExactly(id);
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Start("one")))
                .hasMessageContaining("unpause it");
        bench.ask(new ContainerOperation.Unpause("one"));
        bench.ask(new ContainerOperation.Stop("one", 1_000));
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Kill("one", "TERM")))
                .hasMessageContaining("it is stopped");
        bench.ask(new ContainerOperation.Stop("one", 1_000));
    }

    @Test
    void removesByForce() {
        run(Map.of("name", "one"));
        bench.ask(new ContainerOperation.Pause("one"));

        bench.ask(new ContainerOperation.Remove("one", true));

        assertThat(bench.services.isEmpty()).as(bench.services.leftovers()).isTrue();
        assertThat(topics()).endsWith("events.container.removed");
    }

    @Test
    void aRemovalThatFailsIsCompletedAfterARestart() {
        var id = run(Map.of("name", "one"));
        bench.ask(new ContainerOperation.Stop("one", 1_000));
        bench.services.trouble("storage Remove", Trouble.FAIL);
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Remove("one", false)))
                .hasMessageContaining("made to fail");
        assertThat(bench.state(id)).isEqualTo("removing");

        bench.services.calm();
        bench.down();
        bench.up();

        Bench.until(bench.services::isEmpty);
    }

    @Test
    void exitsThatHappenWhileItIsAwayAreLearnt() {
        var kept = run(Map.of("name", "kept"));
        var gone = run(Map.of("autoRemove", true));
        var lost = run(Map.of("name", "lost"));
        var runs = run(Map.of("name", "runs"));
        bench.down();
        bench.services.exitSilently(kept, 9, 0);
        bench.services.exitSilently(gone, 0, 0);
        bench.services.processes.remove(lost);

        bench.up();

        assertThat(bench.ask(new ContainerOperation.Wait("kept", 5_000)).code()).isEqualTo(9);
        var end = bench.ask(new ContainerOperation.Wait("lost", 5_000));
        assertThat(end.code()).isEqualTo(137);
        assertThat(end.reason()).contains("without an exit status");
        Bench.until(() -> !bench.services.layers.contains(gone));
        assertThat(bench.state("runs")).isEqualTo("running");
        assertThat(bench.services.attachments).containsExactly(runs);
        assertThat(topics()).contains("events.bus.gap");
    }

    @Test
    void aMemoryKillIsExplained() {
        var id = run(Map.of("name", "greedy"));
        bench.services.oomKills = 1;

        bench.services.exit(id, 137, 9);
        var exit = bench.ask(new ContainerOperation.Wait("greedy", 10_000));

        assertThat(exit.oomKilled()).isTrue();
        assertThat(exit.reason())
                .isEqualTo("the kernel killed a process for memory: limit 100 MB, peak 99.9 MB");
    }

    @Test
    void aFailedStartIsToldAndTheContainerStops() {
        bench.services.commandIsMissing = true;
        bench.ask(new ContainerOperation.Create(Bench.spec(Map.of("name", "one")), false));

        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Start("one")))
                .hasMessageContaining("ENOENT");

        assertThat(bench.state("one")).isEqualTo("stopped");
        assertThat(bench.ask(new ContainerOperation.Wait("one", 0)).code()).isEqualTo(127);
        assertThatThrownBy(() -> run(Map.of("name", "two", "autoRemove", true)));
        assertThatThrownBy(() -> bench.state("two")).hasMessageContaining("no such container");
    }

    @Test
    void execsAndLearnsHowItEnded() {
        var id = run(Map.of("name", "one"));
        var exec = bench.ask(new ContainerOperation.Exec("one", exec("ls")));
        var execId = exec.execId().orElseThrow();

        bench.services.exitExec(id, execId, 2);

        assertThat(bench.ask(new ContainerOperation.ExecWait("one", execId, 5_000)).code())
                .isEqualTo(2);
        bench.down();
        bench.up();
        assertThat(bench.ask(new ContainerOperation.ExecWait("one", execId, 5_000)).code())
                .isEqualTo(5);
        assertThat(topics())
                .containsSubsequence(
                        "events.container.exec-started", "events.container.exec-exited");
    }

    @Test
    void aStuckContainerBlocksNoReader() {
        run(Map.of("name", "stuck"));
        bench.services.trouble("cgroup Freeze", Trouble.NO_ANSWER);
        Thread.startVirtualThread(
                () -> {
                    try {
                        bench.ask(new ContainerOperation.Pause("stuck"));
                    } catch (RuntimeException late) {
                        // The fake never answers.
                    }
                });
        Bench.until(() -> bench.services.calls.contains("cgroup Freeze"));

        assertThat(bench.state("stuck")).isEqualTo("running");
        assertThat(bench.ask(new ContainerOperation.ListAll(false, Map.of())).containers())
                .hasSize(1);
        assertThatThrownBy(
                        () ->
                                bench.ask(
                                        new ContainerOperation.Rename("stuck", "free"),
                                        java.time.Duration.ofMillis(300)))
                .hasMessageMatching(".*(busy with pause|no answer).*");
    }

    @Test
    void findsByNameIdAndPrefix() {
        var id = run(Map.of("name", "one"));
        assertThat(bench.ask(new ContainerOperation.Attach(id.substring(0, 12))).id())
                .isEqualTo(id);
        for (int i = 0; i < 17; i++) {
            run(Map.of());
        }
        // Seventeen more ids: two of them must share their first digit.
        assertThat("0123456789abcdef".chars().mapToObj(c -> String.valueOf((char) c)))
                .anySatisfy(
                        digit ->
                                assertThatThrownBy(
                                                () ->
                                                        bench.ask(
                                                                new ContainerOperation.Attach(
                                                                        digit)))
                                        .hasMessageContaining("is ambiguous: it could be"));
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Attach("nobody")))
                .hasMessage("no such container: nobody");
        bench.ask(new ContainerOperation.Rename("one", "two"));
        assertThat(bench.ask(new ContainerOperation.Attach("two")).id()).isEqualTo(id);
        assertThatThrownBy(() -> bench.ask(new ContainerOperation.Attach("one")));
    }

    @Test
    void listsByFilter() {
        run(Map.of("name", "web", "labels", Map.of("tier", "front")));
        var old = run(Map.of("name", "db"));
        bench.services.exit(old, 1, 0);
        bench.ask(new ContainerOperation.Wait("db", 5_000));

        assertThat(names(Map.of("label", "tier=front"))).containsExactly("web");
        assertThat(names(Map.of("status", "exited"))).containsExactly("db");
        assertThat(names(Map.of("name", "d", "status", "stopped"))).containsExactly("db");
        assertThat(names(Map.of("ancestor", "image:latest"))).containsExactly("web");
        assertThatThrownBy(() -> names(Map.of("colour", "red")))
                .hasMessageContaining("filter \"colour\" is none of");
    }

    @Test
    void readsNumbersProcessesAndTheHost() {
        run(Map.of("name", "one"));

        assertThat(bench.ask(new ContainerOperation.Stats(List.of())).stats()).hasSize(1);
        var top = bench.ask(new ContainerOperation.Top("one"));
        assertThat(top.rows()).hasSize(1);
        assertThat(top.rows().getFirst().getFirst())
                .isEqualTo(Long.toString(ProcessHandle.current().pid()));
        var info = bench.ask(new ContainerOperation.Info());
        assertThat(info.facts()).containsEntry("running", "1").containsEntry("cgroups", "v2");
        assertThat(info.services()).containsEntry("network-svc", "up").hasSize(6);
    }

    private List<String> names(Map<String, String> filters) {
        return bench.ask(new ContainerOperation.ListAll(false, filters)).containers().stream()
                .map(c -> c.name())
                .toList();
    }

    private static ExecSpec exec(String command) {
        return new ExecSpec(
                List.of(command),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                false,
                false);
    }

    private String run(Map<String, ?> properties) {
        return bench.ask(new ContainerOperation.Run(Bench.spec(properties))).id();
    }

    private List<String> topics() {
        return bench.ask(new ContainerOperation.EventLog(0, 0)).events().stream()
                .map(LoggedEvent::topic)
                .toList();
    }
}
