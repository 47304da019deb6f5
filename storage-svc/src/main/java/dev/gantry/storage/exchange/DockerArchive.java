package dev.gantry.storage.exchange;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.content.Descriptor;
import dev.gantry.storage.content.ImageDocument;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.LayoutImport;
import dev.gantry.storage.content.LayoutSource;
import dev.gantry.storage.content.Manifest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code docker save} wrote before it wrote image layouts, and {@code podman save} writes
 * (moby, image/spec/v1.2.md): {@code manifest.json}, which names configurations and layers by their
 * files. It is read as the layout that it stands for: a layer that is not packed has its diff id as
 * its digest, one that is packed is digested first.
 */
final class DockerArchive implements LayoutSource {
    private static final int MAX_IMAGES = 1024;

    private final ArchiveFile archive;
    private final byte[] index;

    /** Files of the archive, or documents that stand for it, by digest. */
    private final Map<String, String> files = new HashMap<>();

    private final Map<String, byte[]> documents = new HashMap<>();
    private final Map<String, Descriptor> layers = new HashMap<>();

    DockerArchive(ArchiveFile archive) throws IOException {
        this.archive = archive;
        JsonNode list;
        try {
            list = Json.mapper().readTree(archive.read("manifest.json", Manifest.MAX_DOCUMENT));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw FaultException.invalid("manifest.json: %s", e.getOriginalMessage());
        }
        if (list == null || !list.isArray() || list.isEmpty()) {
            throw FaultException.invalid("manifest.json: it lists no image");
        }
        if (list.size() > MAX_IMAGES) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED, "manifest.json: more than %d images", MAX_IMAGES);
        }
        var json = Json.mapper().createObjectNode().put("schemaVersion", 2);
        var manifests = json.putArray("manifests");
        for (var image : list) {
            var descriptor = manifest(image);
            var names = names(image);
            if (names.isEmpty()) {
                manifests.add(descriptor.json());
            }
            for (var name : names) {
                var entry = descriptor.json();
                entry.putObject("annotations").put("io.containerd.image.name", name);
                manifests.add(entry);
            }
        }
        index = Json.mapper().writeValueAsBytes(json);
    }

    private static List<String> names(JsonNode image) {
        var names = new ArrayList<String>();
        for (var tag : image.path("RepoTags")) {
            names.add(References.check(tag.asText()));
        }
        return names;
    }

    private Descriptor manifest(JsonNode image) throws IOException {
        var configuration = archive.read(text(image.path("Config")), Manifest.MAX_DOCUMENT);
        var diffIds = ImageDocument.parse(configuration).diffIds();
        if (!image.path("Layers").isArray() || image.path("Layers").size() != diffIds.size()) {
            throw FaultException.invalid(
                    "manifest.json: %d layers, the configuration has %d",
                    image.path("Layers").size(), diffIds.size());
        }
        var blobs = new ArrayList<Descriptor>();
        for (int i = 0; i < diffIds.size(); i++) {
            blobs.add(layer(text(image.path("Layers").get(i)), diffIds.get(i)));
        }
        var config = document(Manifest.CONFIG_MEDIA_TYPE, configuration);
        return document(Manifest.MEDIA_TYPE, new Manifest(config, blobs).bytes());
    }

    private static String text(JsonNode name) {
        if (!name.isTextual()) {
            throw FaultException.invalid("manifest.json: %s is not the name of a file", name);
        }
        return name.textValue();
    }

    private Descriptor document(String mediaType, byte[] bytes) {
        var digest = Digests.of(bytes);
        documents.put(digest, bytes);
        return new Descriptor(mediaType, digest, bytes.length);
    }

    private Descriptor layer(String file, String diffId) throws IOException {
        var known = layers.get(file);
        if (known != null) {
            return known;
        }
        Compression compression;
        try (var in = archive.open(file)) {
            compression = Compression.ofMagic(in.readNBytes(8));
        }
        var digest = compression == Compression.NONE ? Names.checkDigest(diffId) : digest(file);
        files.put(digest, file);
        var layer = new Descriptor(compression.mediaType(), digest, archive.size(file));
        layers.put(file, layer);
        return layer;
    }

    private String digest(String file) throws IOException {
        var sha256 = Digests.sha256();
        var buffer = new byte[256 * 1024];
        try (var in = archive.open(file)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                sha256.update(buffer, 0, count);
            }
        }
        return Digests.format(sha256.digest());
    }

    StorageResult.Images take(Images images, LayoutImport.Observer observer) {
        return new LayoutImport(images, this, observer).take("archive", Optional.empty());
    }

    @Override
    public byte[] read(String name, int most) {
        return index;
    }

    @Override
    public InputStream blob(String digest) {
        var document = documents.get(digest);
        if (document != null) {
            return new ByteArrayInputStream(document);
        }
        if (!files.containsKey(digest)) {
            throw FaultException.of(FaultCode.NOT_FOUND, "archive: it has no %s", digest);
        }
        return archive.open(files.get(digest));
    }
}
