package dev.gantry.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.stream.Collectors;

class PortSyntaxTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "80|:0>80/tcp",
                "8080:80|:8080>80/tcp",
                "8080:80/udp|:8080>80/udp",
                "127.0.0.1:8080:80|127.0.0.1:8080>80/tcp",
                "127.0.0.1::80|127.0.0.1:0>80/tcp",
                "8080-8082:80-82|:8080>80/tcp :8081>81/tcp :8082>82/tcp",
                "1:65535|:1>65535/tcp",
                "[::1]:80:80|::1:80>80/tcp",
            })
    void whatItMeans(String text, String meaning) {
        var parsed =
                PortSyntax.parse(text).stream()
                        .map(
                                p ->
                                        "%s:%d>%d/%s"
                                                .formatted(
                                                        p.hostIp(),
                                                        p.hostPort(),
                                                        p.containerPort(),
                                                        p.protocol()))
                        .collect(Collectors.joining(" "));

        assertThat(parsed).isEqualTo(meaning);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "65536",
                "99999",
                "80:0",
                "80:65536",
                "65536:80",
                "80-79",
                "80-79:80-79",
                "1-65535",
                "1-65535:1-65535",
                "80-81:80",
                "-80",
                "80-",
                "80:",
                "80/sctp",
                "80/TCP",
                "80:80:80:80",
                "80:80:80",
                "1.2.3:80:80",
                "[::g]:80:80",
                "[1:2]:80:80",
                "localhost:80:80",
                "999.1.1.1:80:80",
                "$(id)",
                "80\n",
                "8\u0660",
                "184467440737095516160",
            })
    void whatIsNoPortIsRefusedAndNamed(String text) {
        assertThatThrownBy(() -> PortSyntax.parse(text))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault().code()).isEqualTo(FaultCode.INVALID_ARGUMENT);
                            assertThat(e.getMessage()).hasLineCount(1);
                        });
    }
}
