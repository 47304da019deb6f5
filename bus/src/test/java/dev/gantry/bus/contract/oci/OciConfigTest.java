package dev.gantry.bus.contract.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What {@code docs/oci.md} says of each field is what the reader does. */
class OciConfigTest {
    private static final String BASE =
            """
            {"ociVersion":"1.2.0","root":{"path":"rootfs"},
             "process":{"cwd":"/","args":["sh"],"user":{"uid":0,"gid":0}},
             "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
             "linux":{"namespaces":[{"type":"mount"},{"type":"pid"}],"unknown":{"x":[1]}},
             "fromTheFuture":{"a":1}}
            """;

    private static final Path BUNDLE = Path.of("/bundle");

    record Row(String field, String example, boolean honoured) {}

    static List<Row> rows() throws IOException {
        var row = Pattern.compile("\\| `([^`]+)` \\| `([^`]+)` \\| (honoured|refused) \\|.*");
        return Files.readAllLines(Path.of("../docs/oci.md")).stream()
                .map(row::matcher)
                .filter(m -> m.matches())
                .map(m -> new Row(m.group(1), m.group(2), m.group(3).equals("honoured")))
                .toList();
    }

    private static OciConfig read(JsonNode json) {
        return OciConfig.read(json.toString().getBytes(StandardCharsets.UTF_8), BUNDLE);
    }

    private static OciConfig read(String json) {
        return OciConfig.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), BUNDLE);
    }

    /** The base with one field set, as the dotted path says. */
    private static JsonNode with(String field, JsonNode value) throws IOException {
        var all = (ObjectNode) Json.mapper().readTree(BASE);
        var at = all;
        var parts = field.split("\\.");
        for (int i = 0; i < parts.length - 1; i++) {
            if (parts[i].endsWith("[]")) {
                var array = (ArrayNode) at.get(parts[i].substring(0, parts[i].length() - 2));
                at = (ObjectNode) array.get(0);
            } else {
                at = at.withObjectProperty(parts[i]);
            }
        }
        at.set(parts[parts.length - 1], value);
        return all;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyFieldIsHonouredOrRefusedByName(Row row) throws IOException {
        var base = read(BASE);
        var json = with(row.field(), Json.mapper().readTree(row.example()));

        if (row.honoured()) {
            assertThat(read(json)).isNotEqualTo(base);
        } else {
            assertThatThrownBy(() -> read(json))
                    .isInstanceOfSatisfying(
                            FaultException.class,
                            e -> {
                                assertThat(e.fault().code()).isEqualTo(FaultCode.UNSUPPORTED);
                                assertThat(e.getMessage()).contains(row.field());
                            });
        }
    }

    @Test
    void theTableNamesWhateverIsRefused() throws IOException {
        var refused = rows().stream().filter(row -> !row.honoured()).map(Row::field).toList();

        assertThat(refused).containsExactlyInAnyOrderElementsOf(OciConfig.refusedFields());
    }

    @Test
    void whatAsksForNothingIsNoMatter() throws IOException {
        var nothing = Stream.of("{}", "[]", "\"\"", "null", "0", "false");

        for (String value : nothing.toList()) {
            for (String field : List.of("linux.intelRdt", "linux.resources.memory.kernel")) {
                var config = read(with(field, Json.mapper().readTree(value)));
                assertThat(config.spec()).isEqualTo(read(BASE).spec());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[]|not a JSON object",
                "{|config.json",
                "{'a':1,'a':2}|Duplicate",
                "{'root':{'path':'x'}}|process is missing",
                "{'process':{'cwd':'/','args':['sh']}}|root is missing",
                "{'ociVersion':'2.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a']}}"
                        + "|ociVersion '2.0.0'",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a']},"
                        + "'hooks':{'poststop':[{'path':'x'}]}}|path 'x'",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a']},"
                        + "'hooks':{'prestart':[{'path':'/x','timeout':0}]}}|timeout 0",
                "{'root':{'path':''},'process':{'cwd':'/','args':['sh']}}|root.path",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'.','args':['sh']}}|process.cwd",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':'sh'}}|process",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a\\u0000b']}}|process.args[0]",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a'],'user':{'uid':-1}}}|uid"
                    + " -1",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a'],'user':{'uid':1.5}}}|uid",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a'],'user':{'uid':'7'}}}|uid",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a'],'rlimits':[{'type':'RLIMIT_CORE','soft':-1,'hard':1}]}}|rlimits[].soft"
                    + " -1",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a'],'rlimits':"
                    + "[{'type':'RLIMIT_CORE','soft':1,'hard':1e999}]}}|rlimits[].hard",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a']},'linux':7}|linux",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a']},"
                        + "'linux':{'maskedPaths':'/x'}}|maskedPaths",
                "{'ociVersion':'1.0.0','root':{'path':'x'},'process':{'cwd':'/','args':['a']},"
                        + "'linux':{'sysctl':{'a':1}}}|linux.sysctl"
            })
    void aBadConfigurationIsRefusedByName(String json, String part) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault().code()).isEqualTo(FaultCode.INVALID_ARGUMENT);
                            assertThat(e.getMessage().replace('"', '\'')).contains(part);
                        });
    }

    @Test
    void aProcessAndResourcesAreReadAlone() {
        var process =
                OciConfig.readProcess(
                        "{\"cwd\":\"/\",\"args\":[\"a\"],\"env\":[\"A=b\"]}".getBytes());
        var resources = OciConfig.readResources("{\"pids\":{\"limit\":7}}".getBytes());

        assertThat(process.env()).containsExactly("A=b");
        assertThat(resources.pids()).contains(new LinuxResources.Pids(7));
        assertThatThrownBy(() -> OciConfig.readResources("{\"cpu\":{\"burst\":7}}".getBytes()))
                .hasMessageContaining("cpu.burst");
        assertThatThrownBy(
                        () ->
                                OciConfig.readProcess(
                                        "{\"cwd\":\"/\",\"args\":[\"a\"],\"commandLine\":\"x\"}"
                                                .getBytes()))
                .hasMessageContaining("commandLine");
    }
}
