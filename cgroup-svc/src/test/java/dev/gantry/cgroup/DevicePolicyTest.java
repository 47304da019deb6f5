package dev.gantry.cgroup;

import static dev.gantry.cgroup.Resources.allow;
import static dev.gantry.cgroup.Resources.deny;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.oci.LinuxResources.DeviceRule;
import dev.gantry.cgroup.controller.DevicePolicy;
import dev.gantry.cgroup.v1.Devices;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

class DevicePolicyTest {
    private static final DeviceRule DENY_ALL = new DeviceRule(false, "a", null, null, "rwm");
    private static final DeviceRule ALLOW_ALL = new DeviceRule(true, "a", null, null, "rwm");

    private static List<String> lines(DeviceRule... rules) {
        return Devices.writes("/g", DevicePolicy.of(List.of(rules))).stream()
                .map(write -> write.path() + " " + write.value())
                .toList();
    }

    @Test
    void nothingAskedForIsTheDefaultList() {
        assertThat(lines())
                .startsWith("/g/devices.deny a")
                .contains(
                        "/g/devices.allow c *:* m",
                        "/g/devices.allow b *:* m",
                        "/g/devices.allow c 1:3 rwm",
                        "/g/devices.allow c 136:* rwm")
                .noneMatch(line -> line.contains("10:200"));
        assertThat(lines(DENY_ALL)).isEqualTo(lines());
    }

    @Test
    void rulesAddToItInOrder() {
        assertThat(lines(DENY_ALL, allow("c", 10, 200, "rw"), allow("c", 10, 200, "m")))
                .startsWith("/g/devices.deny a", "/g/devices.allow c 10:200 rwm");
        assertThat(lines(allow("c", 10, 229, "rwm"), allow("b", 8, 20, "rw")))
                .startsWith(
                        "/g/devices.deny a",
                        "/g/devices.allow c 10:229 rwm",
                        "/g/devices.allow b 8:20 rw",
                        "/g/devices.allow c *:* m");
        assertThat(lines(allow("c", 10, 200, "rwm"), deny("c", 10, 200, "w")))
                .startsWith("/g/devices.deny a", "/g/devices.allow c 10:200 rm");
        assertThat(lines(allow("c", 10, 200, "rwm"), DENY_ALL)).isEqualTo(lines());
    }

    @Test
    void allOpenButSome() {
        assertThat(lines(ALLOW_ALL)).containsExactly("/g/devices.allow a");
        assertThat(lines(ALLOW_ALL, deny("b", 8, 0, "w")))
                .containsExactly("/g/devices.allow a", "/g/devices.deny b 8:0 w");
        assertThat(lines(ALLOW_ALL, deny("b", 8, 0, "w"), allow("b", 8, -1, "w")))
                .containsExactly("/g/devices.allow a");
    }

    @Test
    void aHoleInAWiderRuleIsRefusedNotDropped() {
        assertThatThrownBy(() -> lines(allow("c", 10, -1, "rw"), deny("c", 10, 200, "w")))
                .hasMessageContaining("deny c 10:200 w lies inside the wider rule c 10:* rw");
        assertThatThrownBy(() -> lines(ALLOW_ALL, deny("b", 8, -1, "w"), allow("b", 8, 0, "w")))
                .hasMessageContaining("lies inside");
    }

    @Test
    void nonsenseIsRefused() {
        for (var rule :
                List.of(
                        allow("x", 1, 1, "r"),
                        allow("c", 1, 1, ""),
                        allow("c", 1, 1, "rx"),
                        allow("c", -2, 1, "r"),
                        allow("c", 1, 1L << 40, "r"),
                        allow("a", 1, 1, "rwm"),
                        new DeviceRule(false, "a", null, Optional.empty(), "r"))) {
            assertThatThrownBy(() -> lines(rule)).hasMessageContaining("device");
        }
    }

    @Test
    void theProgramIsShort() {
        var program = dev.gantry.cgroup.v2.Devices.program(DevicePolicy.of(List.of(DENY_ALL)));

        assertThat(program.length % 8).isZero();
        // Six to load the question, at most eight a rule, two for the answer.
        assertThat(program.length / 8)
                .isLessThanOrEqualTo(6 + 8 * DevicePolicy.DEFAULTS.size() + 2);
    }
}
