package dev.gantry.storage.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;

/** The rules of Docker's .dockerignore. */
class PathPatternsTest {
    private static boolean leavesOut(String patterns, String path) {
        return new PathPatterns(List.of(patterns.split(" "))).leavesOut(path);
    }

    @ParameterizedTest
    @CsvSource({
        "*.log, a.log, true",
        "*.log, d/a.log, false",
        "**/*.log, a.log, true",
        "**/*.log, d/e/a.log, true",
        "d, d/e/f, true",
        "/d/, d/e, true",
        "d/*, d/e/f, true",
        "d/*, d, false",
        "d/**, d, false",
        "d/**, d/e, true",
        "**/x, x, true",
        "a/**/b, a/b, true",
        "a/**/b, a/x/y/b, true",
        "a/**/b, a/x/c, false",
        "?at, cat, true",
        "[a-c]at, bat, true",
        "[^a-c]at, bat, false",
        "\\*, *, true",
        "\\*, x, false",
        "* !keep, keep, false",
        "* !keep, other, true",
        "d !d/keep, d/keep, false",
        "d !d/keep, d/lost, true",
        "d !d/keep d/keep/not, d/keep/not, true",
        "!d d, d, true",
        "./a/../b, b, true",
        "**, anything/at/all, true"
    })
    void decides(String patterns, String path, boolean out) {
        assertThat(leavesOut(patterns, path)).isEqualTo(out);
    }

    @Test
    void aPatternThatWouldTakeForEverIsQuick() {
        assertThat(leavesOut("*a*a*a*a*a*a*a*a*a*a*b", "a".repeat(255))).isFalse();
        assertThat(leavesOut("**/a/**/a/**/a/**/a/**/b", "a/".repeat(200) + "a")).isFalse();
    }

    @Test
    void aMalformedPatternIsNamed() {
        assertThatThrownBy(() -> leavesOut("a[b", "x"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("\"a[b\"");
    }
}
