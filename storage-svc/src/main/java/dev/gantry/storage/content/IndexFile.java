package dev.gantry.storage.content;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The {@code index.json} of the layout, replaced as a whole. The one before it stays beside it as
 * {@code index.json.previous}: where the disk, or somebody's editor, made the newest unreadable, it
 * is put aside as {@code index.json.broken} and names are taken from the one before.
 */
final class IndexFile {
    private static final String NAME = "org.opencontainers.image.ref.name";

    private final StoreFiles files;
    private final Path file;
    private final Path previous;
    private final Path broken;

    IndexFile(StoreFiles files) {
        this.files = files;
        this.file = files.root().resolve("index.json");
        this.previous = files.root().resolve("index.json.previous");
        this.broken = files.root().resolve("index.json.broken");
    }

    /** An image's manifest and, if it has one, one of its names. */
    record Entry(Descriptor manifest, Optional<String> name) {
        ObjectNode json() {
            var json = manifest.json();
            name.ifPresent(text -> json.putObject("annotations").put(NAME, text));
            return json;
        }
    }

    /**
     * What it says.
     *
     * @param lost why it could not be read; the entries are then those of the one before it
     */
    record Content(List<Entry> entries, Optional<String> lost) {}

    /** Reads it. A new store has none, which is no problem. */
    Content read() throws IOException {
        String lost;
        if (Files.exists(file)) {
            try {
                return new Content(entries(file), Optional.empty());
            } catch (FaultException e) {
                lost = e.fault().message();
            }
            Files.move(file, broken, StandardCopyOption.ATOMIC_MOVE);
        } else if (Files.exists(previous) || Files.exists(broken)) {
            lost = file + " is missing";
        } else {
            return new Content(List.of(), Optional.empty());
        }
        return new Content(entriesBefore(), Optional.of(lost));
    }

    /** Of the index before the last change; none where that is lost too. */
    private List<Entry> entriesBefore() throws IOException {
        if (!Files.exists(previous)) {
            return List.of();
        }
        try {
            return entries(previous);
        } catch (FaultException e) {
            return List.of();
        }
    }

    private static List<Entry> entries(Path path) throws IOException {
        var entries = new ArrayList<Entry>();
        var index = Manifest.document(Files.readAllBytes(path), path.toString());
        if (!index.path("manifests").isArray()) {
            throw FaultException.invalid("%s: no manifests", path);
        }
        for (var entry : index.path("manifests")) {
            var name = entry.path("annotations").path(NAME).asText("");
            entries.add(
                    new Entry(
                            Descriptor.parse(entry),
                            Optional.of(name).filter(text -> !text.isEmpty())));
        }
        return entries;
    }

    /** Replaces it; durable when this returns. */
    void write(List<Entry> entries) throws IOException {
        var json = Json.mapper().createObjectNode();
        json.put("schemaVersion", 2);
        json.put("mediaType", "application/vnd.oci.image.index.v1+json");
        var manifests = json.putArray("manifests");
        entries.forEach(entry -> manifests.add(entry.json()));
        if (Files.exists(file)) {
            Files.deleteIfExists(previous);
            Files.createLink(previous, file);
        }
        files.replace(file, Json.mapper().writeValueAsBytes(json));
    }

    /** The one that could not be read, until it was looked at. */
    Optional<Path> broken() {
        return Optional.of(broken).filter(Files::exists);
    }

    /** It was looked at. */
    void forgetBroken() throws IOException {
        Files.deleteIfExists(broken);
    }
}
