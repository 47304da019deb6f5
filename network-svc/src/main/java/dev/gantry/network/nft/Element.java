package dev.gantry.network.nft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.network.state.Subnet;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * An element of a set or map of Gantry's tables: all that changes while containers come and go.
 *
 * @param family inet or bridge
 * @param set name of the set or map
 * @param key texts and numbers; several are a concatenation
 * @param value of a map
 */
record Element(String family, String set, List<Object> key, Optional<Object> value) {
    static Element of(String family, String set, Object... key) {
        return new Element(family, set, List.of(key), Optional.empty());
    }

    static Element map(String set, List<Object> key, Object value) {
        return new Element("inet", set, key, Optional.of(value));
    }

    /** {@code add} or {@code delete} as libnftables-json(5) has it. */
    ObjectNode command(String verb, String table) {
        var json = JsonNodeFactory.instance;
        ArrayNode keys = json.arrayNode();
        key.forEach(part -> keys.add(node(part)));
        var keyNode =
                key.size() == 1 ? keys.get(0) : json.objectNode().<ObjectNode>set("concat", keys);
        var elem = json.arrayNode();
        value.ifPresentOrElse(
                v -> elem.add(json.arrayNode().add(keyNode).add(node(v))), () -> elem.add(keyNode));
        var body =
                json.objectNode()
                        .put("family", family)
                        .put("table", table)
                        .put("name", set)
                        .<ObjectNode>set("elem", elem);
        return json.objectNode().set(verb, json.objectNode().<ObjectNode>set("element", body));
    }

    private static JsonNode node(Object part) {
        var json = JsonNodeFactory.instance;
        return switch (part) {
            case Integer number -> json.numberNode(number);
            case Subnet subnet -> {
                var prefix = json.objectNode();
                prefix.putObject("prefix")
                        .put("addr", subnet.base().toString())
                        .put("len", subnet.prefix());
                yield prefix;
            }
            default -> json.textNode(part.toString());
        };
    }

    /** The same as a command line of nft(8). */
    String shell(String verb, String table) {
        return "%s element %s %s %s { %s%s }"
                .formatted(
                        verb,
                        family,
                        table,
                        set,
                        key.stream().map(Object::toString).collect(Collectors.joining(" . ")),
                        value.map(v -> " : " + v).orElse(""));
    }
}
