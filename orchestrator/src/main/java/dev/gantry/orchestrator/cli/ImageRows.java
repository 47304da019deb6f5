package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.wire.Json;

import java.time.Instant;

/** Images as lists show them, with the properties that Docker's templates name. */
final class ImageRows {
    static final String NONE = "<none>";

    private ImageRows() {}

    /** An image under one of its names, or under none. */
    static ObjectNode row(Image image, String name, boolean noTrunc) {
        var row = Json.mapper().createObjectNode();
        row.put("Repository", name.isEmpty() ? NONE : repository(name));
        row.put("Tag", name.isEmpty() ? NONE : tag(name));
        row.put("Digest", image.digest());
        row.put("ID", noTrunc ? image.id() : LookCommands.shortId(image.id()));
        row.put(
                "CreatedAt",
                image.created() == 0 ? "" : Instant.ofEpochSecond(image.created()).toString());
        row.put("CreatedSince", image.created() == 0 ? "-" : Sizes.ago(image.created()));
        row.put("Size", Sizes.human(image.sizeBytes()));
        row.put("SizeBytes", image.sizeBytes());
        row.put("Architecture", image.architecture());
        row.set("Labels", Json.mapper().valueToTree(image.config().labels()));
        return row;
    }

    private static int tagAt(String name) {
        int colon = name.lastIndexOf(':');
        return colon > name.lastIndexOf('/') ? colon : name.length();
    }

    /** {@code a/b} of {@code a/b:c}. */
    static String repository(String name) {
        return name.substring(0, tagAt(name));
    }

    private static String tag(String name) {
        int at = tagAt(name);
        return at == name.length() ? "latest" : name.substring(at + 1);
    }
}
