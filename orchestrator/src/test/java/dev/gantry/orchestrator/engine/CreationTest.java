package dev.gantry.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.testing.Bench;
import dev.gantry.orchestrator.testing.FakeServices.Trouble;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The saga: what is made, in which order, and that a failure at any step leaves nothing. */
class CreationTest {
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
    void makesAllPartsAndKeepsThePlan() {
        var created = bench.ask(create(Map.of("name", "one")));

        assertThat(created.name()).isEqualTo("one");
        assertThat(created.id()).matches("[0-9a-f]{64}");
        assertThat(bench.ask(new ContainerOperation.Explain("one")).steps())
                .extracting(PlanStep::service)
                .containsExactly(
                        "storage-svc", "network-svc", "cgroup-svc", "seccomp-svc", "launcher");
        assertThat(bench.state("one")).isEqualTo("created");
    }

    @Test
    void aPlanMakesNothing() {
        var planned = bench.ask(new ContainerOperation.Create(Bench.spec(Map.of()), true));

        assertThat(planned.steps()).hasSize(5);
        assertThat(planned.pid()).isZero();
        assertThat(bench.services.isEmpty()).isTrue();
        assertThat(all()).isEmpty();
        assertThat(records()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "storage Prepare",
                "network Attach",
                "cgroup Create",
                "seccomp Compile",
                "storage VolumeCreate",
                "storage VolumeFill",
                "storage Volumes",
                "namespace Create"
            })
    void aFaultAtAnyStepLeavesNothing(String step) {
        for (var trouble : List.of(Trouble.FAIL, Trouble.FAIL_AFTER)) {
            bench.services.trouble(step, trouble);

            assertThatThrownBy(() -> bench.ask(create(withVolume())))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> {
                                assertThat(e.fault().message()).contains("was made to fail");
                                assertThat(e.fault().code()).isEqualTo(FaultCode.INTERNAL);
                            });

            nothingIsLeft();
        }
    }

    @Test
    void aRunThatFailsLeavesNothing() {
        var run = new ContainerOperation.Run(Bench.spec(withVolume()));
        for (var trouble : List.of(Trouble.FAIL, Trouble.FAIL_AFTER)) {
            bench.services.trouble("namespace Run", trouble);

            assertThatThrownBy(() -> bench.ask(run)).hasMessageContaining("was made to fail");
            nothingIsLeft();
        }
    }

    @Test
    void aFilterIsCompiledOnceForEachOwnerOfTheService() {
        bench.ask(create(Map.of()));
        bench.ask(create(Map.of()));
        bench.ask(create(Map.of("capDrop", List.of("CAP_CHOWN"))));
        assertThat(compiled()).isEqualTo(2);

        bench.bus.publish(
                "events.bus.owned",
                Json.mapper().createObjectNode().put("id", "seccomp.v1").put("timeNanos", 1));

        Bench.until(
                () -> {
                    bench.ask(create(Map.of()));
                    return compiled() == 3;
                });
    }

    private long compiled() {
        return bench.services.calls.stream().filter("seccomp Compile"::equals).count();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "storage Prepare",
                "network Attach",
                "cgroup Create",
                "seccomp Compile",
                "storage VolumeCreate",
                "storage VolumeFill",
                "namespace Create"
            })
    void aStepThatDoesNotAnswerIsUndoneToo(String step) {
        bench.services.trouble(step, Trouble.NO_ANSWER);

        assertThatThrownBy(() -> bench.ask(create(withVolume()), Duration.ofMillis(400)))
                .isInstanceOf(FaultException.class);

        Bench.until(bench.services::isEmpty);
        Bench.until(() -> all().isEmpty());
        nothingIsLeft();
    }

    @Test
    void anUndoThatFailsIsKeptAndTriedAgainAfterARestart() {
        bench.services.trouble("namespace Create", Trouble.FAIL);
        bench.services.trouble("network Detach", Trouble.FAIL);

        assertThatThrownBy(() -> bench.ask(create(Map.of())))
                .hasMessageContaining("namespace Create was made to fail")
                .hasMessageContaining("could not be undone yet: detach");

        assertThat(bench.services.attachments).hasSize(1);
        assertThat(bench.services.layers).isEmpty();
        bench.services.calm();
        bench.down();
        bench.up();
        Bench.until(bench.services::isEmpty);
    }

    @Test
    void whatAnEarlierOrchestratorHadBegunIsUndone() throws Exception {
        var id = bench.ask(create(Map.of("name", "half"))).id();
        bench.down();
        // As a crash in the middle of the making would have left it.
        var file = layoutRecord(id);
        var change = "{\"state\":{\"state\":\"creating\"}}\n";
        Files.writeString(file, change, StandardOpenOption.APPEND);

        bench.up();

        // The record's files go last: after another crash they still say what is to be undone.
        var records = file.getParent().toFile();
        Bench.until(() -> bench.services.isEmpty() && records.list().length == 0);
        nothingIsLeft();
    }

    @Test
    void aNameIsTakenOnceAndFreeAfterAFailure() {
        bench.ask(create(Map.of("name", "twin")));
        assertThatThrownBy(() -> bench.ask(create(Map.of("name", "twin"))))
                .hasMessageContaining("name twin is in use by container");

        bench.services.trouble("cgroup Create", Trouble.FAIL);
        assertThatThrownBy(() -> bench.ask(create(Map.of("name", "other"))));
        bench.services.calm();
        assertThat(bench.ask(create(Map.of("name", "other"))).name()).isEqualTo("other");
    }

    @Test
    void whatIsWrongIsRefusedBeforeAnythingIsMade() {
        for (var wrong :
                List.of(
                        Map.of("capAdd", List.of("CAP_FLY")),
                        Map.of("env", List.of("=x")),
                        Map.of("workdir", "here"),
                        Map.of("stopSignal", "SIGNOTHING"),
                        Map.of("mounts", List.of(mount("/proc/x", "bind", "/tmp"))),
                        Map.of(
                                "ulimits",
                                List.of(Map.of("type", "nofile", "soft", 5, "hard", 4))))) {
            assertThatThrownBy(() -> bench.ask(create(wrong)))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e ->
                                    assertThat(e.fault().code())
                                            .isEqualTo(FaultCode.INVALID_ARGUMENT));
        }
        assertThat(bench.services.calls)
                .isSubsetOf("namespace ListAll", "storage Snapshots", "storage Build");
    }

    @Test
    void anonymousVolumesComeAndGoWithTheContainer() {
        bench.services.image =
                new dev.gantry.bus.contract.storage.ImageConfig(
                        "", null, null, List.of("sh"), "", null, null, List.of("/data"), null);
        var created = bench.ask(create(Map.of()));
        assertThat(bench.services.volumes).hasSize(1);
        assertThat(bench.services.created.get(created.id()).spec().mounts())
                .anyMatch(m -> m.destination().equals("/data") && m.source().contains("volumes"));

        bench.ask(new ContainerOperation.Remove(created.id(), false, true));

        assertThat(bench.services.isEmpty()).isTrue();
    }

    @Test
    void aVolumeWithoutANameIsMadeAndStaysUnlessItIsToGoToo() {
        var spec =
                Map.of(
                        "mounts",
                        List.of(
                                Map.of(
                                        "destination", "/own/",
                                        "type", "volume",
                                        "options", List.of("ro"))));

        var created = bench.ask(create(spec));

        assertThat(bench.services.created.get(created.id()).spec().mounts())
                .anyMatch(m -> m.destination().equals("/own") && m.options().contains("ro"));
        var name = bench.services.volumes.iterator().next();
        assertThat(
                        bench.ask(new ContainerOperation.ListAll(true, Map.of("volume", name)))
                                .containers()
                                .getFirst()
                                .volumes())
                .containsExactly(name);
        bench.ask(new ContainerOperation.Remove(created.id(), false));
        assertThat(bench.services.volumes).containsExactly(name);
    }

    private static Map<String, ?> withVolume() {
        return Map.of("mounts", List.of(mount("/data", "volume", "vol")));
    }

    private static Map<String, ?> mount(String destination, String type, String source) {
        return Map.of("destination", destination, "type", type, "source", source);
    }

    private static ContainerOperation.Create create(Map<String, ?> properties) {
        return new ContainerOperation.Create(Bench.spec(properties), false);
    }

    private void nothingIsLeft() {
        assertThat(bench.services.isEmpty()).as(bench.services.leftovers()).isTrue();
        assertThat(records()).isEmpty();
        assertThat(all()).isEmpty();
        assertThat(bench.layout.logs().toFile().list()).isNullOrEmpty();
    }

    private List<?> all() {
        return bench.ask(new ContainerOperation.ListAll(true, Map.of())).containers();
    }

    private List<String> records() {
        return List.of(layoutRecord("x").getParent().toFile().list());
    }

    private Path layoutRecord(String id) {
        return bench.layout.state("orchestrator").resolve("containers").resolve(id + ".json");
    }
}
