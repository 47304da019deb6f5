package dev.gantry.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.Test;

import java.io.PrintWriter;
import java.io.StringWriter;

class RowsTest {
    private static String printed(String format) {
        var rows = new Rows("ID", "CreatedSince").titled("ID", "IMAGE ID");
        rows.add(
                Json.mapper().createObjectNode().put("ID", "a1").put("CreatedSince", "1 hour ago"));
        rows.add(
                Json.mapper().createObjectNode().put("ID", "b").put("CreatedSince", "2 hours ago"));
        var out = new StringWriter();
        rows.print(new PrintWriter(out), format);
        return out.toString();
    }

    @Test
    void aTableHasTheColumnsThatAreUsualOrThoseAskedFor() {
        assertThat(printed(null))
                .isEqualTo("IMAGE ID   CREATED\na1         1 hour ago\nb          2 hours ago\n");
        assertThat(printed("table")).isEqualTo(printed(null));
        assertThat(printed("table {{.CreatedSince}}\\t{{.ID}}"))
                .isEqualTo("CREATED       IMAGE ID\n1 hour ago    a1\n2 hours ago   b\n");
    }

    @Test
    void aTemplateIsALineForEach() {
        assertThat(printed("{{.ID}}={{.CreatedSince}}"))
                .isEqualTo("a1=1 hour ago\nb=2 hours ago\n");
        assertThat(printed("json"))
                .isEqualTo(
                        "{\"ID\":\"a1\",\"CreatedSince\":\"1 hour ago\"}\n"
                                + "{\"ID\":\"b\",\"CreatedSince\":\"2 hours ago\"}\n");
    }
}
