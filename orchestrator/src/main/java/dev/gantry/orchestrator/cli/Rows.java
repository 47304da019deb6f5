package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A list of things, each a JSON object with the properties that Docker's templates name. It is
 * printed as a table of some of them, as {@code json}, through a template, or through {@code table
 * TEMPLATE}, whose fields are separated by {@code \t}.
 */
final class Rows {
    private static final String TABLE = "table ";
    private static final Pattern CASES = Pattern.compile("(?<=[a-z])(?=[A-Z])");

    private final List<ObjectNode> rows = new ArrayList<>();
    private final List<String> columns;
    private final Map<String, String> titles = new HashMap<>(Map.of("CreatedSince", "CREATED"));

    /** With these properties as columns, where no other format is asked for. */
    Rows(String... columns) {
        this.columns = List.of(columns);
    }

    /** Another title than a property's own name. */
    Rows titled(String property, String title) {
        titles.put(property, title);
        return this;
    }

    void add(ObjectNode row) {
        rows.add(row);
    }

    /** Prints all, or through the format if there is one. */
    void print(PrintWriter out, String format) {
        if (format != null && !format.equals("table") && !format.startsWith(TABLE)) {
            var template = new Template(format);
            rows.forEach(row -> out.println(template.apply(row)));
            out.flush();
            return;
        }
        var fields =
                format == null || format.equals("table")
                        ? columns.stream().map(column -> "{{." + column + "}}").toList()
                        : Arrays.asList(format.substring(TABLE.length()).split("\\\\t|\t"));
        var templates = fields.stream().map(Template::new).toList();
        var table = new Table(fields.stream().map(this::title).toList());
        rows.forEach(row -> table.row(templates.stream().map(t -> t.apply(row)).toList()));
        table.print(out);
    }

    /** {@code {{.CreatedBy}}} is under CREATED BY. */
    private String title(String field) {
        var name = field.replaceAll("\\{\\{\\s*(json\\s+)?\\.?|\\s*}}", "");
        var words = String.join(" ", CASES.split(name)).toUpperCase(Locale.ROOT);
        return titles.getOrDefault(name, words);
    }
}
