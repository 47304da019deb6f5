package dev.gantry.storage.fuzz;

import dev.gantry.storage.content.ManifestFuzz;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.ThrowingConsumer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the fuzzers began with and what they have found: {@code src/test/fuzz/corpus}. */
public class CorpusTest {
    private static final Path CORPUS = Path.of("src/test/fuzz/corpus");

    @TestFactory
    List<DynamicTest> layers() throws IOException {
        return tests("layer", LayerFuzz::fuzzerTestOneInput);
    }

    @TestFactory
    List<DynamicTest> manifests() throws IOException {
        return tests("manifest", ManifestFuzz::fuzzerTestOneInput);
    }

    private static List<DynamicTest> tests(String kind, ThrowingConsumer<byte[]> target)
            throws IOException {
        try (var files = Files.list(CORPUS.resolve(kind))) {
            var tests =
                    files.sorted()
                            .map(
                                    file ->
                                            DynamicTest.dynamicTest(
                                                    file.getFileName().toString(),
                                                    () -> target.accept(Files.readAllBytes(file))))
                            .toList();
            if (tests.isEmpty()) {
                throw new AssertionError("no corpus in " + CORPUS.toAbsolutePath());
            }
            return tests;
        }
    }
}
