package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The Dockerfiles of {@code src/test/dockerfiles}, each built by Debian's buildah and by Gantry:
 * equal trees, equal configurations; and some of Gantry's images run under Podman.
 */
@RequiresRoot
class BuildCorpusIT {
    private static final Path SCRIPT = Path.of("src/test/dockerfiles/compare.py");
    private static final int LEAST = 15;

    @Test
    void dockerfilesBuildToWhatBuildahBuilds() throws IOException, InterruptedException {
        try (var gantry = GantryInstance.up()) {
            var scratch = gantry.root().resolve("corpus");
            var words =
                    new ArrayList<>(
                            List.of(
                                    "python3",
                                    SCRIPT.toAbsolutePath().toString(),
                                    "--podman",
                                    "--scratch",
                                    scratch.toString(),
                                    "--layout",
                                    gantry.root().resolve("state/storage-svc").toString(),
                                    "--"));
            words.addAll(gantry.commandLine());
            var errors = Files.createTempFile(gantry.root(), "errors", "");
            var process =
                    new ProcessBuilder(words)
                            .redirectInput(ProcessBuilder.Redirect.from(errors.toFile()))
                            .redirectError(errors.toFile())
                            .start();
            var out = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor(10, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
            var results = Json.mapper().readTree(out);
            assertThat(results.size()).isGreaterThan(LEAST);
            results.properties()
                    .forEach(result -> assertThat(result.getValue()).as(result.getKey()).isEmpty());
        }
    }
}
