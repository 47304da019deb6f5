package dev.gantry.orchestrator.build.dockerfile;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the fuzzer began with and what it has found: {@code src/test/fuzz/corpus}. */
class DockerfileCorpusTest {
    @Test
    void allAreReadOrRefusedWithTheirLine() throws IOException {
        try (var files = Files.list(Path.of("src/test/fuzz/corpus"))) {
            var all = files.sorted().toList();
            assertThat(all).isNotEmpty();
            for (var file : all) {
                DockerfileFuzz.fuzzerTestOneInput(Files.readAllBytes(file));
            }
        }
    }
}
