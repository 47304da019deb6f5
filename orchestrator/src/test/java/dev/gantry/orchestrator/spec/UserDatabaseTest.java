package dev.gantry.orchestrator.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** Who a process runs as; security.md row 12 in particular. */
class UserDatabaseTest {
    private static final UserDatabase FILES =
            new UserDatabase(
                    """
                    root:x:0:0:root:/root:/bin/sh
                    # a comment
                    web:x:33:34::/var/www:/bin/sh
                    1:x:0:0:a number for a name:/evil:/bin/sh
                    big:x:4294967296:0::/:/bin/sh
                    negative:x:-1:0::/:/bin/sh
                    broken
                    """,
                    """
                    root:x:0:
                    web:x:34:
                    logs:x:50:other,web
                    """);

    @Test
    void nobodyNamedIsRootAtHome() {
        var identity = FILES.resolve("", List.of());

        assertThat(identity.user().uid()).isZero();
        assertThat(identity.home()).isEqualTo("/root");
    }

    @Test
    void aNameHasItsGroupsWithThePrimaryFirst() {
        var user = FILES.resolve("web", List.of()).user();

        assertThat(user.uid()).isEqualTo(33);
        assertThat(user.gid()).isEqualTo(34);
        assertThat(user.additionalGids()).containsExactly(34L, 50L);
    }

    @Test
    void aNamedGroupReplacesThem() {
        var user = FILES.resolve("web:logs", List.of("7")).user();

        assertThat(user.gid()).isEqualTo(50);
        assertThat(user.additionalGids()).containsExactly(50L, 7L);
    }

    @Test
    void digitsAreNeverAName() {
        var identity = FILES.resolve("1", List.of());

        assertThat(identity.user().uid()).isEqualTo(1);
        assertThat(identity.home()).isEqualTo("/");
    }

    @Test
    void largeNumbersAreExact() {
        assertThat(FILES.resolve("2147483648", List.of()).user().uid()).isEqualTo(2147483648L);
        assertThat(FILES.resolve("4294967294:4294967294", List.of()).user().gid())
                .isEqualTo(4294967294L);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "4294967295",
                "4294967296",
                "18446744073709551616",
                "99999999999999999999999",
                "-1",
                "+0",
                "0x0",
                " 0",
                "nobody",
                "big",
                "negative",
                "broken",
                "web:",
                "web:nogroup",
                "0:4294967295",
                "web\nroot",
                ":"
            })
    void nothingFallsBackToRoot(String user) {
        assertThatThrownBy(() -> FILES.resolve(user, List.of())).isInstanceOf(FaultException.class);
    }
}
