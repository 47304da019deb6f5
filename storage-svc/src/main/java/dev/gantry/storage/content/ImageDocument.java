package dev.gantry.storage.content;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.History;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.kernel.Architecture;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An image configuration (image-spec config.md). Its values are as untrusted as a layer's bytes
 * (security.md row 24): they are handed on and never acted on here.
 */
public record ImageDocument(ObjectNode json) {
    /** Reads a configuration. */
    public static ImageDocument parse(byte[] bytes) {
        var document =
                new ImageDocument((ObjectNode) Manifest.document(bytes, "image configuration"));
        document.diffIds().forEach(Names::checkDigest);
        document.config();
        document.history(List.of());
        return document;
    }

    /** A configuration of Gantry's own, without layers. */
    static ImageDocument create(ImageConfig config, Instant created) {
        var json = Json.mapper().createObjectNode();
        json.put("created", created.toString());
        json.put("architecture", Architecture.goarch());
        json.put("os", "linux");
        json.set("config", encode(config));
        json.putObject("rootfs").put("type", "layers").putArray("diff_ids");
        json.putArray("history");
        return new ImageDocument(json);
    }

    /** This one for another platform, {@code os/architecture[/variant]}. */
    ImageDocument on(String platform) {
        var copy = json.deepCopy();
        var parts = platform.split("/");
        copy.put("os", parts[0]).put("architecture", parts[1]);
        if (parts.length > 2) {
            copy.put("variant", parts[2]);
        }
        return new ImageDocument(copy);
    }

    /** This one with a layer more. */
    ImageDocument plus(String diffId, Instant created, String createdBy, String comment) {
        var copy = json.deepCopy();
        copy.put("created", created.toString());
        copy.withObject("/rootfs").put("type", "layers").withArray("diff_ids").add(diffId);
        copy.withArray("history")
                .addObject()
                .put("created", created.toString())
                .put("created_by", createdBy)
                .put("comment", comment);
        return new ImageDocument(copy);
    }

    /** This one with another {@code config}, as a whole. */
    public ImageDocument with(ObjectNode config) {
        var copy = json.deepCopy();
        copy.set("config", config);
        var document = new ImageDocument(copy);
        document.config(); // refuses what it is not
        return document;
    }

    /** This one by somebody; its latest step in the history too. */
    ImageDocument by(String author) {
        if (author.isEmpty()) {
            return this;
        }
        var copy = json.deepCopy();
        copy.put("author", author);
        var history = copy.path("history");
        if (history.get(history.size() - 1) instanceof ObjectNode latest) {
            latest.put("author", author);
        }
        return new ImageDocument(copy);
    }

    byte[] bytes() {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Operating system, in Go's words. */
    public String os() {
        return text(json, "os");
    }

    /** Processor, in Go's words. */
    public String architecture() {
        return text(json, "architecture");
    }

    String author() {
        return text(json, "author");
    }

    long created() {
        return seconds(json.path("created"));
    }

    /** Digests of the layers' archives, unpacked, lowest first. */
    public List<String> diffIds() {
        return strings(json.path("rootfs").path("diff_ids"), "rootfs.diff_ids");
    }

    ImageConfig config() {
        var config = json.path("config");
        var stop = text(config, "StopSignal");
        return new ImageConfig(
                text(config, "User"),
                strings(config.path("Env"), "Env"),
                strings(config.path("Entrypoint"), "Entrypoint"),
                strings(config.path("Cmd"), "Cmd"),
                text(config, "WorkingDir"),
                labels(config.path("Labels")),
                keys(config.path("ExposedPorts")),
                keys(config.path("Volumes")),
                stop.isEmpty() ? Optional.empty() : Optional.of(stop));
    }

    /** The history, oldest first; {@code layers} gives diff ids and sizes to its layers. */
    List<History> history(List<Layer> layers) {
        var lines = new ArrayList<History>();
        int next = 0;
        for (var line : array(json.path("history"), "history")) {
            boolean empty = line.path("empty_layer").asBoolean() || next >= layers.size();
            var layer = empty ? Optional.<Layer>empty() : Optional.of(layers.get(next++));
            lines.add(
                    new History(
                            layer.map(Layer::diffId),
                            seconds(line.path("created")),
                            text(line, "created_by"),
                            layer.map(Layer::bytes).orElse(0L),
                            text(line, "comment"),
                            Optional.empty()));
        }
        for (; next < layers.size(); next++) {
            var layer = layers.get(next);
            lines.add(
                    new History(
                            Optional.of(layer.diffId()),
                            0,
                            "",
                            layer.bytes(),
                            "",
                            Optional.empty()));
        }
        return lines;
    }

    /** How many steps made it, as its history counts them. */
    int steps() {
        return json.path("history").size();
    }

    /** Whether it is the first steps of another, or all of them. */
    boolean isStageOf(ImageDocument later, int steps) {
        var own = json.path("history");
        var others = later.json.path("history");
        if (own.size() != steps || others.size() < steps) {
            return false;
        }
        for (int i = 0; i < steps; i++) {
            if (!own.get(i).equals(others.get(i))) {
                return false;
            }
        }
        var layers = diffIds();
        var all = later.diffIds();
        return layers.size() <= all.size() && layers.equals(all.subList(0, layers.size()));
    }

    private static ObjectNode encode(ImageConfig config) {
        var json = Json.mapper().createObjectNode();
        put(json, "User", config.user());
        put(json, "Env", config.env());
        put(json, "Entrypoint", config.entrypoint());
        put(json, "Cmd", config.cmd());
        put(json, "WorkingDir", config.workingDir());
        if (!config.labels().isEmpty()) {
            config.labels().forEach(json.putObject("Labels")::put);
        }
        if (!config.exposedPorts().isEmpty()) {
            config.exposedPorts().forEach(json.putObject("ExposedPorts")::putObject);
        }
        if (!config.volumes().isEmpty()) {
            config.volumes().forEach(json.putObject("Volumes")::putObject);
        }
        put(json, "StopSignal", config.stopSignal().orElse(""));
        return json;
    }

    private static void put(ObjectNode json, String key, String value) {
        if (!value.isEmpty()) {
            json.put(key, value);
        }
    }

    private static void put(ObjectNode json, String key, List<String> values) {
        if (!values.isEmpty()) {
            values.forEach(json.putArray(key)::add);
        }
    }

    private static long seconds(JsonNode time) {
        if (time.isMissingNode() || time.isNull()) {
            return 0;
        }
        try {
            return OffsetDateTime.parse(time.asText()).toEpochSecond();
        } catch (DateTimeException e) {
            throw new FaultException(
                    FaultException.invalid("image configuration: %s is not a time", time).fault(),
                    e);
        }
    }

    private static String text(JsonNode node, String key) {
        var value = node.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return "";
        }
        return string(value, key);
    }

    private static String string(JsonNode value, String key) {
        if (!value.isTextual() || value.textValue().indexOf('\0') >= 0) {
            throw FaultException.invalid("image configuration: %s is not text", key);
        }
        return value.textValue();
    }

    private static Iterable<JsonNode> array(JsonNode node, String key) {
        if (!node.isMissingNode() && !node.isNull() && !node.isArray()) {
            throw FaultException.invalid("image configuration: %s is not an array", key);
        }
        return node;
    }

    private static List<String> strings(JsonNode node, String key) {
        var strings = new ArrayList<String>();
        array(node, key).forEach(value -> strings.add(string(value, key)));
        return strings;
    }

    private static List<String> keys(JsonNode node) {
        var keys = new ArrayList<String>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static Map<String, String> labels(JsonNode node) {
        var labels = new LinkedHashMap<String, String>();
        node.properties()
                .forEach(label -> labels.put(label.getKey(), string(label.getValue(), "Labels")));
        return labels;
    }
}
