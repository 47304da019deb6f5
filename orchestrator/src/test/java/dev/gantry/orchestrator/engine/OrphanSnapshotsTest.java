package dev.gantry.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.service.Layout;
import dev.gantry.orchestrator.testing.Bench;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A power loss took records that were not synced yet: their layers go, no others. */
class OrphanSnapshotsTest {
    @TempDir Path directory;

    @Test
    void layersThatNobodyKnowsGoAtTheNextStart() throws IOException {
        try (var bench = new Bench(directory)) {
            var kept = run(bench);
            var lost = run(bench);
            var emptied = run(bench);
            var torn = run(bench);
            var records = Layout.below(directory).state("orchestrator").resolve("containers");
            bench.down();
            Files.delete(records.resolve(lost + ".json"));
            Files.writeString(records.resolve(emptied + ".json"), "");
            Files.writeString(records.resolve(torn + ".json"), "{\"id\": \"to");

            bench.up();

            Bench.until(
                    () ->
                            !bench.services.layers.contains(lost)
                                    && !bench.services.layers.contains(emptied));
            assertThat(bench.services.layers).contains(kept, torn);
            assertThat(bench.state(kept)).isEqualTo("running");
        }
    }

    private static String run(Bench bench) {
        return bench.ask(new ContainerOperation.Run(Bench.spec(Map.of()))).id();
    }
}
