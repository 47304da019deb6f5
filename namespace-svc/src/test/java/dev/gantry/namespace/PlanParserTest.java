package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

/**
 * 100,000 mutations of a plan through the launcher's parser, under gcc's sanitizers (security.md
 * row 31).
 */
class PlanParserTest {
    @Test
    void survivesHostilePlans() throws Exception {
        var process =
                new ProcessBuilder(
                                "python3",
                                Path.of("src/test/python/test_plan_fuzz.py")
                                        .toAbsolutePath()
                                        .toString())
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();

        var output = new String(process.getInputStream().readAllBytes());

        assertThat(process.waitFor()).as(output).isZero();
    }
}
