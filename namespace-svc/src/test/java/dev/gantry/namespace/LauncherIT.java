package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The launcher against the kernel. The tests themselves are Python (standard library), an
 * independent second implementation of {@code protocol.md}; here each becomes a test of this build.
 */
@RequiresRoot
@Execution(ExecutionMode.SAME_THREAD)
class LauncherIT {
    private static final Path TESTS = Path.of("src/test/python/test_launcher.py").toAbsolutePath();
    private static final Path LAUNCHER =
            Path.of("target/launcher/gantry-launcher").toAbsolutePath();
    private static final Pattern VERDICT =
            Pattern.compile(
                    "^(test_\\w+) \\(.*\\) \\.\\.\\. .*?(ok|FAIL|ERROR|skipped .*)$",
                    Pattern.MULTILINE);

    @TestFactory
    Stream<DynamicTest> life() {
        return testsOf("Life");
    }

    @TestFactory
    Stream<DynamicTest> output() {
        return testsOf("Output");
    }

    @TestFactory
    Stream<DynamicTest> sessions() {
        return testsOf("Sessions");
    }

    @TestFactory
    Stream<DynamicTest> isolation() {
        return testsOf("Isolation");
    }

    @TestFactory
    Stream<DynamicTest> listening() {
        return testsOf("Listening");
    }

    @TestFactory
    Stream<DynamicTest> attacks() {
        return testsOf("Attacks");
    }

    /**
     * Without spares every init is cloned on demand, with the network namespace spares too are used
     * up.
     */
    @ParameterizedTest
    @ValueSource(strings = {"--spare 0", "--spare 3 --spare-net"})
    void otherPools(String options) {
        var run = python(options, "Life", "Sessions");

        assertThat(run.code()).as(run.output()).isZero();
    }

    private static Stream<DynamicTest> testsOf(String suite) {
        var run = python("--spare 2", suite);
        var each =
                VERDICT.matcher(run.output())
                        .results()
                        .map(
                                verdict ->
                                        verdictOf(
                                                verdict.group(1), verdict.group(2), run.output()));
        var all =
                DynamicTest.dynamicTest(
                        suite + " leaves nothing behind",
                        () -> assertThat(run.code()).as(run.output()).isZero());
        return Stream.concat(each, Stream.of(all));
    }

    private static DynamicTest verdictOf(String name, String verdict, String output) {
        return DynamicTest.dynamicTest(
                name,
                () -> {
                    if (verdict.startsWith("skipped")) {
                        abort(verdict);
                    }
                    assertThat(verdict).as(output).isEqualTo("ok");
                });
    }

    private record Run(int code, String output) {}

    private static Run python(String options, String... suites) {
        var command =
                Stream.concat(
                                Stream.of("python3", TESTS.toString(), LAUNCHER.toString(), "-v"),
                                Stream.of(suites))
                        .toList();
        var builder = new ProcessBuilder(List.copyOf(command)).redirectErrorStream(true);
        builder.environment().put("LAUNCHER_OPTIONS", options);
        try {
            var process = builder.start();
            process.getOutputStream().close();
            var output = new String(process.getInputStream().readAllBytes());
            return new Run(process.waitFor(), output);
        } catch (IOException e) {
            throw new IllegalStateException("python3 is missing: apt-get install python3", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
