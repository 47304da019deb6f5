package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.History;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.wire.Json;

import java.time.Instant;
import java.util.List;

/**
 * What {@code inspect} tells of an image, in the form that Docker's users know: docs/inspect.md.
 */
final class ImageDocuments {
    private ImageDocuments() {}

    /** The document of an image, by name or id. */
    static ObjectNode of(Engine engine, String name) {
        var image = engine.storage(new StorageOperation.Inspect(name));
        var history = engine.storage(new StorageOperation.History(image.digest())).history();
        return document(image, history);
    }

    private static ObjectNode document(Image image, List<History> history) {
        var node = Json.mapper().createObjectNode();
        node.put("Id", image.id());
        node.put("Digest", image.digest());
        var names = image.references().stream().filter(name -> !name.contains("@")).toList();
        node.set("RepoTags", Json.mapper().valueToTree(names));
        var digests =
                image.references().stream()
                        .map(ImageRows::repository)
                        .map(name -> name.replaceAll("@.*", "") + "@" + image.digest())
                        .distinct()
                        .toList();
        node.set("RepoDigests", Json.mapper().valueToTree(digests));
        node.put("Created", time(image.created()));
        node.put("Author", image.author());
        node.put("Comment", history.isEmpty() ? "" : history.getFirst().comment());
        node.put("Architecture", image.architecture());
        node.put("Os", image.os());
        node.put("Size", image.sizeBytes());
        node.set("Config", config(image.config()));
        var root = node.putObject("RootFS").put("Type", "layers");
        root.set("Layers", Json.mapper().valueToTree(image.layers()));
        var lines = node.putArray("History");
        for (var line : history.reversed()) {
            lines.addObject()
                    .put("created", time(line.created()))
                    .put("created_by", line.createdBy())
                    .put("comment", line.comment())
                    .put("empty_layer", line.layer().isEmpty());
        }
        return node;
    }

    private static ObjectNode config(ImageConfig config) {
        var node = Json.mapper().createObjectNode();
        node.put("User", config.user());
        node.set("Env", Json.mapper().valueToTree(config.env()));
        node.set("Entrypoint", Json.mapper().valueToTree(config.entrypoint()));
        node.set("Cmd", Json.mapper().valueToTree(config.cmd()));
        node.put("WorkingDir", config.workingDir());
        node.set("Labels", Json.mapper().valueToTree(config.labels()));
        var ports = node.putObject("ExposedPorts");
        config.exposedPorts().forEach(ports::putObject);
        var volumes = node.putObject("Volumes");
        config.volumes().forEach(volumes::putObject);
        node.put("StopSignal", config.stopSignal().orElse(""));
        return node;
    }

    private static String time(long seconds) {
        return Instant.ofEpochSecond(seconds).toString();
    }
}
