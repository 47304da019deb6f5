package dev.gantry.storage.content;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.kernel.Architecture;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Takes images from an OCI image layout directory (image-spec image-layout.md). Every document is
 * verified against its descriptor before it is believed (security.md row 22); an image is named
 * only when all of it was.
 */
final class LayoutImport {
    private static final int MAX_IMAGES = 1024;
    private static final int MAX_INDEX_DEPTH = 4;

    private final StorageKernel kernel;
    private final Images images;
    private final ContentStore content;

    LayoutImport(StorageKernel kernel, Images images) {
        this.kernel = kernel;
        this.images = images;
        this.content = images.content();
    }

    /** A manifest of the layout and the name that the layout gives it. */
    private record Candidate(Descriptor manifest, Optional<String> name) {}

    StorageResult.Images from(Path path, Optional<String> reference) {
        return images.whileIngesting(
                () -> {
                    try (var root = Directory.open(kernel, path);
                            var blobs = root.descend("blobs/sha256")) {
                        return take(root, blobs, path, reference);
                    }
                });
    }

    private StorageResult.Images take(
            Directory root, Directory blobs, Path path, Optional<String> reference)
            throws IOException {
        var index = Manifest.document(root.read("index.json", Manifest.MAX_DOCUMENT), "index.json");
        if (index.path("schemaVersion").asInt() != 2) {
            throw FaultException.invalid("index.json: schemaVersion is not 2");
        }
        var candidates = new ArrayList<Candidate>();
        collect(index, blobs, Optional.empty(), candidates, new HashSet<>(), 0);
        if (candidates.isEmpty()) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "%s has no image for linux/%s",
                    path,
                    Architecture.goarch());
        }
        if (reference.isPresent() && candidates.size() > 1) {
            throw FaultException.invalid(
                    "%s has %d images, they cannot all be named %s",
                    path, candidates.size(), reference.get());
        }
        for (var candidate : candidates) {
            copy(candidate.manifest(), blobs);
        }
        var taken = new ArrayList<String>();
        var notes = new ArrayList<String>();
        for (var candidate : candidates) {
            var names =
                    reference.or(() -> candidate.name().flatMap(name -> name(path, name))).stream()
                            .toList();
            var image = images.register(candidate.manifest(), names);
            taken.add(image.digest());
            image.layers().forEach(layer -> notes.addAll(layer.notes()));
        }
        return new StorageResult.Images(
                taken.stream().distinct().map(images::inspect).toList(), notes);
    }

    private void collect(
            JsonNode index,
            Directory blobs,
            Optional<String> outerName,
            List<Candidate> into,
            Set<String> seen,
            int depth) {
        if (index.has("layers") || index.has("config")) {
            throw FaultException.invalid("index: is a manifest as well");
        }
        for (var entry : index.path("manifests")) {
            var descriptor = Descriptor.parse(entry);
            var name = name(entry).or(() -> outerName);
            if (Manifest.isManifest(descriptor.mediaType())) {
                if (isForThisHost(entry.path("platform"))) {
                    into.add(new Candidate(descriptor, name));
                }
            } else if (Manifest.isIndex(descriptor.mediaType())) {
                if (depth == MAX_INDEX_DEPTH || !seen.add(descriptor.digest())) {
                    throw FaultException.invalid("index %s: nested too deep", descriptor.digest());
                }
                var nested = Manifest.document(document(descriptor, blobs), descriptor.digest());
                Manifest.requireType(nested, descriptor.mediaType());
                collect(nested, blobs, name, into, seen, depth + 1);
            }
            if (into.size() > MAX_IMAGES) {
                throw FaultException.of(
                        FaultCode.RESOURCE_EXHAUSTED, "index: more than %d images", MAX_IMAGES);
            }
        }
    }

    private static boolean isForThisHost(JsonNode platform) {
        return platform.isMissingNode()
                || platform.path("os").asText().equals("linux")
                        && platform.path("architecture").asText().equals(Architecture.goarch());
    }

    private static Optional<String> name(JsonNode entry) {
        var annotations = entry.path("annotations");
        for (var key : List.of("io.containerd.image.name", "org.opencontainers.image.ref.name")) {
            var name = annotations.path(key).asText("");
            if (!name.isEmpty()) {
                return Optional.of(name);
            }
        }
        return Optional.empty();
    }

    /** A bare tag, as most tools write it, is one of an image called like the directory. */
    private static Optional<String> name(Path layout, String name) {
        var reference =
                name.contains("/") || name.contains(":") ? name : layout.getFileName() + ":" + name;
        try {
            return Optional.of(References.check(reference));
        } catch (FaultException e) {
            // Its name may be anything; the image is found by its id.
            return Optional.empty();
        }
    }

    /** Copies all that a manifest names, each verified. */
    private void copy(Descriptor manifest, Directory blobs) throws IOException {
        var parsed = Manifest.parse(document(manifest, blobs), manifest.mediaType());
        if (parsed.config().size() > Manifest.MAX_DOCUMENT) {
            throw FaultException.invalid(
                    "configuration %s has %d bytes",
                    parsed.config().digest(), parsed.config().size());
        }
        copyBlob(manifest, blobs);
        copyBlob(parsed.config(), blobs);
        for (var layer : parsed.layers()) {
            copyBlob(layer, blobs);
        }
    }

    private void copyBlob(Descriptor descriptor, Directory blobs) throws IOException {
        try (var blob = blobs.file(Digests.hex(descriptor.digest()))) {
            content.put(descriptor, blob);
        }
    }

    private static byte[] document(Descriptor descriptor, Directory blobs) {
        var bytes = blobs.read(Digests.hex(descriptor.digest()), Manifest.MAX_DOCUMENT);
        if (bytes.length != descriptor.size() || !Digests.of(bytes).equals(descriptor.digest())) {
            throw FaultException.invalid(
                    "document %s is not what its descriptor says", descriptor.digest());
        }
        return bytes;
    }
}
