package dev.gantry.bus.contract.oci;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A JSON document of the OCI specification, read strictly: a wrong type is an error. */
final class OciDocument {
    private static final BigInteger UNSIGNED = BigInteger.ONE.shiftLeft(64);

    private static final JsonMapper STRICT =
            Json.mapper()
                    .rebuild()
                    .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                    .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .withCoercionConfig(
                            LogicalType.Textual,
                            text ->
                                    text.setCoercion(
                                                    CoercionInputShape.Integer, CoercionAction.Fail)
                                            .setCoercion(
                                                    CoercionInputShape.Float, CoercionAction.Fail)
                                            .setCoercion(
                                                    CoercionInputShape.Boolean,
                                                    CoercionAction.Fail))
                    .build();

    private final String name;
    private final JsonNode tree;

    OciDocument(String name, byte[] json) {
        this.name = name;
        try {
            tree = STRICT.readTree(json);
        } catch (IOException e) {
            throw FaultException.invalid("%s: %s", name, reason(e));
        }
        if (!tree.isObject()) {
            throw FaultException.invalid("%s is not a JSON object", name);
        }
        checkTexts("", tree);
        unsigned(tree.at(name.equals("process") ? "/rlimits" : "/process/rlimits"));
    }

    private static String reason(IOException e) {
        return e instanceof JacksonException j
                ? j.getOriginalMessage() + place(j)
                : String.valueOf(e.getMessage());
    }

    private static String place(JacksonException e) {
        var at = e.getLocation();
        return at == null || at.getLineNr() < 1
                ? ""
                : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
    }

    /** No text of a configuration may hold a NUL: the kernel would see it cut. */
    private void checkTexts(String path, JsonNode node) {
        if (node.isTextual() && node.textValue().indexOf('\0') >= 0) {
            throw FaultException.invalid("%s: %s holds a NUL", name, path);
        }
        int i = 0;
        for (var element : node.isArray() ? node : List.<JsonNode>of()) {
            checkTexts(path + "[" + i++ + "]", element);
        }
        for (var entry : node.properties()) {
            if (entry.getKey().indexOf('\0') >= 0) {
                throw FaultException.invalid("%s: a name in %s holds a NUL", name, path);
            }
            checkTexts(join(path, entry.getKey()), entry.getValue());
        }
    }

    private static String join(String path, String field) {
        return path.isEmpty() ? field : path + "." + field;
    }

    /** Limits are uint64, and 2⁶⁴−1 is infinity, which is −1 in {@link OciProcess.Rlimit}. */
    private void unsigned(JsonNode rlimits) {
        for (var limit : rlimits) {
            for (String field : List.of("soft", "hard")) {
                var value = limit.get(field);
                if (value == null || !value.isIntegralNumber()) {
                    throw FaultException.invalid(
                            "%s: process.rlimits[].%s is not a number", name, field);
                }
                var number = value.bigIntegerValue();
                if (number.signum() < 0 || number.compareTo(UNSIGNED) >= 0) {
                    throw FaultException.invalid(
                            "%s: process.rlimits[].%s %s is not within 0..2^64-1",
                            name, field, number);
                }
                ((ObjectNode) limit).set(field, LongNode.valueOf(number.longValue()));
            }
        }
    }

    /** Refuses the fields that are there and ask for something. */
    void refuse(Map<String, String> fields) {
        fields.forEach(
                (field, reason) -> {
                    if (asks(tree, field)) {
                        throw FaultException.of(
                                FaultCode.UNSUPPORTED, "%s: %s: %s", name, field, reason);
                    }
                });
    }

    private static boolean asks(JsonNode node, String path) {
        int dot = path.indexOf('.');
        String field = dot < 0 ? path : path.substring(0, dot);
        String rest = dot < 0 ? "" : path.substring(dot + 1);
        if (field.endsWith("[]")) {
            for (var element : node.path(field.substring(0, field.length() - 2))) {
                if (asks(element, rest)) {
                    return true;
                }
            }
            return false;
        }
        var value = node.path(field);
        return rest.isEmpty() ? !empty(value) : asks(value, rest);
    }

    private static boolean empty(JsonNode value) {
        return value.isMissingNode()
                || value.isNull()
                || value.isContainerNode() && value.isEmpty()
                || value.isTextual() && value.textValue().isEmpty()
                || value.isBoolean() && !value.booleanValue()
                || value.isNumber() && value.doubleValue() == 0;
    }

    /** The node at a dotted path; none where it is missing or null. */
    Optional<JsonNode> at(String path) {
        JsonNode node = tree;
        for (String part : path.isEmpty() ? new String[0] : path.split("\\.")) {
            if (!node.isObject() && !node.isMissingNode() && !node.isNull()) {
                throw FaultException.invalid(
                        "%s: %s: what holds %s is not an object", name, path, part);
            }
            node = node.path(part);
        }
        return node.isNull() || node instanceof MissingNode ? Optional.empty() : Optional.of(node);
    }

    /** The value at a dotted path. */
    <T> Optional<T> value(String path, Class<T> type) {
        return at(path).map(node -> convert(path, node, type));
    }

    /** The text at a path; empty where there is none. */
    String text(String path) {
        return value(path, String.class).orElse("");
    }

    /** The elements of the array at a path. */
    <T> List<T> list(String path, Class<T> type) {
        var array = at(path);
        if (array.isPresent() && !array.get().isArray()) {
            throw FaultException.invalid("%s: %s is not an array", name, path);
        }
        var out = new ArrayList<T>();
        for (var element : array.<Iterable<JsonNode>>map(a -> a).orElse(List.of())) {
            String at = path + "[" + out.size() + "]";
            if (element.isNull()) {
                throw FaultException.invalid("%s: %s is null", name, at);
            }
            out.add(convert(at, element, type));
        }
        return out;
    }

    /** The object at a path, whose values are all texts. */
    Map<String, String> texts(String path) {
        return map(path, String.class);
    }

    /** The object at a path, whose values are all of a type. */
    <T> Map<String, T> map(String path, Class<T> type) {
        var out = new LinkedHashMap<String, T>();
        var object = at(path);
        if (object.isPresent() && !object.get().isObject()) {
            throw FaultException.invalid("%s: %s is not an object", name, path);
        }
        if (object.isPresent()) {
            for (var entry : object.get().properties()) {
                String at = path + "[" + Names.quote(entry.getKey()) + "]";
                if (entry.getValue().isNull()) {
                    throw FaultException.invalid("%s: %s is null", name, at);
                }
                out.put(entry.getKey(), convert(at, entry.getValue(), type));
            }
        }
        return out;
    }

    private <T> T convert(String path, JsonNode node, Class<T> type) {
        try {
            return STRICT.treeToValue(node, type);
        } catch (JacksonException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof FaultException fault) {
                    throw FaultException.of(
                            fault.fault().code(), "%s: %s", name, fault.getMessage());
                }
            }
            throw FaultException.invalid("%s: %s: %s", name, where(path, e), reason(e));
        }
    }

    private static String where(String path, JacksonException e) {
        var out = new StringBuilder(path);
        if (e instanceof JsonMappingException mapping) {
            for (var reference : mapping.getPath()) {
                if (reference.getFieldName() == null) {
                    out.append('[').append(reference.getIndex()).append(']');
                } else {
                    out.append(out.isEmpty() ? "" : ".").append(reference.getFieldName());
                }
            }
        }
        return out.isEmpty() ? "the document" : out.toString();
    }
}
