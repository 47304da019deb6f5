package dev.gantry.bus.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

/** security.md rows 22 and 30: what becomes part of a path is of a narrow grammar. */
class NamesTest {
    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(
            strings = {
                ".",
                "..",
                "../x",
                "a/../b",
                "/",
                "a/b",
                "-rf",
                "_x",
                ".hidden",
                "a b",
                "a\n",
                "a\0",
                "a\u202eb",
                "é",
                "a;b",
                "$(id)",
                "a:b",
                "a@b",
                "%2e%2e",
                "a\\b",
                "ａ"
            })
    void whatIsNoNameIsRefused(String name) {
        assertThatThrownBy(() -> Names.check("volume name", name))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault().code()).isEqualTo(FaultCode.INVALID_ARGUMENT);
                            assertThat(e.getMessage()).startsWith("volume name ");
                            // Safe to print: one line of visible characters.
                            assertThat(e.getMessage()).doesNotContain("\n", "\0", "\u202e");
                        });
    }

    @Test
    void namesEndSomewhere() {
        assertThat(Names.check("id", "x".repeat(128))).hasSize(128);
        assertThatThrownBy(() -> Names.check("id", "x".repeat(129)))
                .isInstanceOf(FaultException.class)
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(400));
        assertThatThrownBy(() -> Names.check("id", "x".repeat(10_000_000)))
                .isInstanceOf(FaultException.class)
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(400));
    }

    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(
            strings = {
                "sha256:",
                "sha256:../../etc/passwd",
                "sha256:0123",
                "SHA256:0000000000000000000000000000000000000000000000000000000000000000",
                "sha256:000000000000000000000000000000000000000000000000000000000000000G",
                "sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
                "sha256:00000000000000000000000000000000000000000000000000000000000000000",
                "sha512:0000000000000000000000000000000000000000000000000000000000000000",
            })
    void whatIsNoDigestIsRefused(String digest) {
        assertThatThrownBy(() -> Names.checkDigest(digest)).isInstanceOf(FaultException.class);
    }
}
