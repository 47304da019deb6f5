package dev.gantry.orchestrator.events;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.LoggedEvent;
import dev.gantry.bus.contract.container.ExecSpec;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.testing.Bench;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What is published is what docs/events.md says, every topic of it, once and in order. */
class EventSchemaTest {
    private static final Pattern ROW =
            Pattern.compile("\\| `(events\\.container\\.[a-z-]+)` \\|[^|]*\\|([^|]*)\\|");
    private static final Pattern PROPERTY = Pattern.compile("`(\\w+)` (string|integer|boolean)");

    @TempDir Path directory;

    @Test
    void everyEventOfContainersIsAsDocumented() throws Exception {
        var schema = schema();
        try (var bench = new Bench(directory)) {
            live(bench);

            var events =
                    bench.ask(new ContainerOperation.EventLog(0, 0)).events().stream()
                            .filter(e -> e.topic().startsWith("events.container."))
                            .toList();
            assertThat(events.stream().map(LoggedEvent::topic).collect(Collectors.toSet()))
                    .isEqualTo(schema.keySet());
            for (var event : events) {
                assertThat(types(event.body()))
                        .as(event.topic())
                        .isEqualTo(schema.get(event.topic()));
            }
            assertThat(events)
                    .extracting(LoggedEvent::topic)
                    .containsExactly(
                            "events.container.created",
                            "events.container.started",
                            "events.container.paused",
                            "events.container.unpaused",
                            "events.container.updated",
                            "events.container.renamed",
                            "events.container.exec-started",
                            "events.container.exec-exited",
                            "events.container.oom",
                            "events.container.killed",
                            "events.container.died",
                            "events.container.stopped",
                            "events.container.removed");
        }
    }

    private static void live(Bench bench) {
        var id = bench.ask(new ContainerOperation.Run(Bench.spec(Map.of("name", "a")))).id();
        bench.ask(new ContainerOperation.Pause("a"));
        bench.ask(new ContainerOperation.Unpause("a"));
        bench.ask(new ContainerOperation.Update("a", LinuxResources.NONE));
        bench.ask(new ContainerOperation.Rename("a", "b"));
        var exec =
                bench.ask(
                        new ContainerOperation.Exec(
                                "b",
                                new ExecSpec(
                                        List.of("ls"),
                                        List.of(),
                                        Optional.empty(),
                                        Optional.empty(),
                                        false,
                                        Optional.empty(),
                                        Optional.empty(),
                                        false,
                                        false)));
        var execId = exec.execId().orElseThrow();
        bench.services.exitExec(id, execId, 0);
        bench.ask(new ContainerOperation.ExecWait("b", execId, 5_000));
        heard(bench, "events.container.exec-exited");
        bench.bus.publish(
                "events.cgroup.oom",
                Json.mapper()
                        .createObjectNode()
                        .put("id", id)
                        .put("timeNanos", 1L)
                        .put("limitBytes", 5L));
        heard(bench, "events.container.oom");
        bench.ask(new ContainerOperation.Kill("b", "HUP"));
        bench.ask(new ContainerOperation.Stop("b", 5_000));
        bench.ask(new ContainerOperation.Remove("b", false));
    }

    private static void heard(Bench bench, String topic) {
        Bench.until(
                () ->
                        bench.ask(new ContainerOperation.EventLog(0, 0)).events().stream()
                                .anyMatch(e -> e.topic().equals(topic)));
    }

    private static Map<String, String> types(JsonNode body) {
        var types = new TreeMap<String, String>();
        body.properties()
                .forEach(
                        p ->
                                types.put(
                                        p.getKey(),
                                        switch (p.getValue().getNodeType()) {
                                            case NUMBER -> "integer";
                                            case BOOLEAN -> "boolean";
                                            case STRING -> "string";
                                            case ARRAY, BINARY, MISSING, NULL, OBJECT, POJO ->
                                                    "other";
                                        }));
        return types;
    }

    private static Map<String, Map<String, String>> schema() throws Exception {
        var page = Files.readString(Path.of("..", "docs", "events.md"));
        var schema = new HashMap<String, Map<String, String>>();
        var rows = ROW.matcher(page);
        while (rows.find()) {
            var properties = new TreeMap<String, String>();
            properties.put("id", "string");
            properties.put("name", "string");
            properties.put("image", "string");
            properties.put("timeNanos", "integer");
            var property = PROPERTY.matcher(rows.group(2));
            while (property.find()) {
                properties.put(property.group(1), property.group(2));
            }
            schema.put(rows.group(1), properties);
        }
        return schema;
    }
}
