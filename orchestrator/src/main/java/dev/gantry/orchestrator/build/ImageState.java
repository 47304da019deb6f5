package dev.gantry.orchestrator.build;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.wire.Json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The image of a stage as far as its instructions have come: the last image that was made, and what
 * has been said since and is not in an image yet. Names are those of image-spec config.md and of
 * Docker's image configuration.
 */
final class ImageState {
    static final List<String> DEFAULT_SHELL = List.of("/bin/sh", "-c");

    private Optional<String> image;
    private Optional<String> id;
    private ObjectNode config;
    private String author = "";
    private final List<String> steps = new ArrayList<>();

    private ImageState(Optional<String> image, Optional<String> id, ObjectNode config) {
        this.image = image;
        this.id = id;
        this.config = config;
    }

    /** Over an image: the digest of its manifest, its id, its configuration. */
    static ImageState over(String image, String id, JsonNode config) {
        return new ImageState(
                Optional.of(image),
                Optional.of(id),
                config instanceof ObjectNode object
                        ? object.deepCopy()
                        : Json.mapper().createObjectNode());
    }

    /** Over nothing. */
    static ImageState scratch() {
        return new ImageState(Optional.empty(), Optional.empty(), Json.mapper().createObjectNode());
    }

    /** Digest of the manifest of the last image; empty: there is none yet. */
    Optional<String> image() {
        return image;
    }

    /** Its id. */
    Optional<String> id() {
        return id;
    }

    /** An image was made of all that was said. */
    void made(Image made) {
        image = Optional.of(made.digest());
        id = Optional.of(made.id());
        steps.clear();
    }

    /** Whether something was said since the last image. */
    boolean isAhead() {
        return !steps.isEmpty() || image.isEmpty();
    }

    /** The configuration as it is now; a copy. */
    ObjectNode config() {
        return config.deepCopy();
    }

    List<String> steps() {
        return List.copyOf(steps);
    }

    String author() {
        return author;
    }

    void author(String name) {
        author = name;
    }

    /** Notes a line of the history that makes no layer. */
    void step(String createdBy) {
        steps.add(createdBy);
    }

    String text(String key) {
        return config.path(key).asText("");
    }

    void set(String key, String value) {
        config.put(key, value);
    }

    void set(String key, JsonNode value) {
        config.set(key, value);
    }

    void set(String key, List<String> values) {
        values.forEach(config.putArray(key)::add);
    }

    void remove(String key) {
        config.remove(key);
    }

    /** The texts of an array; empty where there is none. */
    List<String> texts(String key) {
        var texts = new ArrayList<String>();
        config.path(key).forEach(value -> texts.add(value.asText()));
        return texts;
    }

    void append(String key, String value) {
        array(key).add(value);
    }

    private ArrayNode array(String key) {
        return config.path(key) instanceof ArrayNode array ? array : config.putArray(key);
    }

    /** A key of a set, as ExposedPorts and Volumes are kept. */
    void member(String key, String member) {
        object(key).putObject(member);
    }

    void entry(String key, String name, String value) {
        object(key).put(name, value);
    }

    private ObjectNode object(String key) {
        return config.path(key) instanceof ObjectNode object ? object : config.putObject(key);
    }

    /** The environment by name, in its order. */
    Map<String, String> environment() {
        var environment = new LinkedHashMap<String, String>();
        for (var entry : texts("Env")) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                environment.put(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        return environment;
    }

    /** Sets a variable in its place, or as the last. */
    void environment(String name, String value) {
        var environment = environment();
        environment.put(name, value);
        set(
                "Env",
                environment.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList());
    }

    /** What lines for the shell are given to. */
    List<String> shell() {
        var shell = texts("Shell");
        return shell.isEmpty() ? DEFAULT_SHELL : shell;
    }

    /** The working directory; the root where none is set. */
    String directory() {
        var directory = text("WorkingDir");
        return directory.isEmpty() ? "/" : directory;
    }
}
