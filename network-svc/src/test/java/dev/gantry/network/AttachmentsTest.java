package dev.gantry.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.state.Records;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

/** Port choice and records, without root. */
class AttachmentsTest {
    @TempDir Path directory;

    @Test
    void portsThatClashAreNamed() {
        var ports = new Ports(new RecordingKernel(), new Records(directory));
        var ssh = new PortMapping("", 22, 22, "tcp");

        assertThatThrownBy(() -> ports.choose("a", List.of(ssh)))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("22/tcp");
        var twice = new PortMapping("", 80, 80, "tcp");
        assertThatThrownBy(() -> ports.choose("a", List.of(twice, twice)))
                .hasMessageContaining("asked for twice");
        var free = new PortMapping("", 0, 80, "udp");
        assertThat(ports.choose("a", List.of(free, free)))
                .extracting(PortMapping::hostPort)
                .doesNotHaveDuplicates();
    }

    @Test
    void hostileRequestsAreRefusedBeforeAnything() {
        for (var extra : List.of("x", ":1.2.3.4", "a:b", "a:1.2.3.4\n5.6.7.8 bank.example")) {
            var request =
                    new NetworkOperation.Attach(
                            "a", "", "", List.of(), List.of(), List.of(), List.of(extra), false);
            assertThatThrownBy(() -> AttachRules.check(request))
                    .as(extra)
                    .isInstanceOf(FaultException.class);
        }
    }
}
