package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code --format}: text with {@code {{.Path.To.Property}}} and {@code {{json .Path}}} in it, the
 * part of Docker's templates that scripts use. {@code json} alone prints the whole document.
 */
final class Template {
    private static final Pattern ACTION =
            Pattern.compile("\\{\\{\\s*(json\\s+)?\\.([A-Za-z0-9_.-]*)\\s*}}");
    private final String text;

    Template(String text) {
        this.text = text;
        var rest = ACTION.matcher(text).replaceAll("");
        if (rest.contains("{{") || rest.contains("}}")) {
            throw FaultException.invalid(
                    "format %s: only {{.Path}} and {{json .Path}} are understood",
                    Names.quote(text));
        }
    }

    String apply(JsonNode document) {
        if (text.equals("json")) {
            return json(document, false);
        }
        return ACTION.matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(value(document, match)))
                .replace("\\n", "\n")
                .replace("\\t", "\t");
    }

    private static String value(JsonNode document, java.util.regex.MatchResult match) {
        var node = document;
        for (var name : match.group(2).split("\\.")) {
            if (name.isEmpty()) {
                continue;
            }
            var child =
                    node.isArray() && name.matches("\\d+")
                            ? node.get(Integer.parseInt(name))
                            : find(node, name);
            if (child == null) {
                throw FaultException.invalid("format: there is no property %s", match.group(2));
            }
            node = child;
        }
        return match.group(1) != null || node.isContainerNode() ? json(node, false) : node.asText();
    }

    private static JsonNode find(JsonNode node, String name) {
        if (node.has(name)) {
            return node.get(name);
        }
        for (var property : node.properties()) {
            if (property.getKey().equalsIgnoreCase(name)) {
                return property.getValue();
            }
        }
        return null;
    }

    static String json(Object value, boolean pretty) {
        try {
            var writer =
                    pretty
                            ? Json.mapper().writerWithDefaultPrettyPrinter()
                            : Json.mapper().writer();
            return writer.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a result does not turn into JSON", e);
        }
    }
}
