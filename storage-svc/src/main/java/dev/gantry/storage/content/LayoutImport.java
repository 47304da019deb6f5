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
public final class LayoutImport {
    private static final int MAX_IMAGES = 1024;
    private static final int MAX_INDEX_DEPTH = 4;

    private static final int BUFFER = 256 * 1024;

    private final Images images;
    private final ContentStore content;
    private final LayoutSource source;
    private final Observer observer;

    /** Is told of blobs as they are taken. */
    public interface Observer {
        /** An image with these names in the layout has these layers; they come now. */
        default void image(List<String> names, List<Descriptor> layers) {}

        /** So many bytes of a blob are here; throws to end it. */
        default void moved(Descriptor blob, long bytes) {}

        /** All of a blob is here. */
        default void arrived(Descriptor blob) {}
    }

    /** Into these images. */
    public LayoutImport(Images images, LayoutSource source, Observer observer) {
        this.images = images;
        this.content = images.content();
        this.source = source;
        this.observer = observer;
    }

    /** A manifest of the layout and the name that the layout gives it. */
    private record Candidate(Descriptor manifest, Optional<String> name) {}

    static StorageResult.Images from(
            StorageKernel kernel, Images images, Path path, Optional<String> reference) {
        try (var root = Directory.open(kernel, path);
                var blobs = root.descend("blobs/sha256")) {
            return new LayoutImport(images, LayoutSource.of(root, blobs), new Observer() {})
                    .take(path.getFileName().toString(), reference);
        }
    }

    /**
     * Takes all images for this host's processor.
     *
     * @param place what the layout is called: images with a bare tag get it as their name
     * @param reference the name that its one image gets instead
     */
    public StorageResult.Images take(String place, Optional<String> reference) {
        return images.whileIngesting(() -> takeAll(place, reference));
    }

    private StorageResult.Images takeAll(String place, Optional<String> reference)
            throws IOException {
        var index =
                Manifest.document(source.read("index.json", Manifest.MAX_DOCUMENT), "index.json");
        if (index.path("schemaVersion").asInt() != 2) {
            throw FaultException.invalid("index.json: schemaVersion is not 2");
        }
        var candidates = new ArrayList<Candidate>();
        collect(index, Optional.empty(), candidates, new HashSet<>(), 0);
        if (candidates.isEmpty()) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "%s has no image for linux/%s",
                    place,
                    Architecture.goarch());
        }
        if (reference.isPresent() && candidates.size() > 1) {
            throw FaultException.invalid(
                    "%s has %d images, they cannot all be named %s",
                    place, candidates.size(), reference.get());
        }
        var taken = new ArrayList<String>();
        var notes = new ArrayList<String>();
        for (var candidate : candidates) {
            var names =
                    reference.or(() -> candidate.name().flatMap(name -> name(place, name))).stream()
                            .toList();
            var image = take(candidate.manifest(), names);
            taken.add(image.digest());
            image.layers().forEach(layer -> notes.addAll(layer.notes()));
        }
        return new StorageResult.Images(
                taken.stream().distinct().map(images::inspect).toList(), notes);
    }

    /** Takes the documents; then the layers, which are unpacked as they come. */
    private StoredImage take(Descriptor manifest, List<String> names) throws IOException {
        var parsed = Manifest.parse(document(manifest), manifest.mediaType());
        if (parsed.config().size() > Manifest.MAX_DOCUMENT) {
            throw FaultException.invalid(
                    "configuration %s has %d bytes",
                    parsed.config().digest(), parsed.config().size());
        }
        for (var blob : List.of(manifest, parsed.config())) {
            try (var in = source.blob(blob.digest())) {
                content.put(blob, in);
            }
        }
        observer.image(names, parsed.layers());
        var incoming =
                new Incoming(
                        content,
                        new Incoming.Carrier() {
                            @Override
                            public void carry(Descriptor blob, Arrival arrival) throws IOException {
                                copy(blob, arrival);
                            }

                            @Override
                            public void arrived(Descriptor blob) {
                                observer.arrived(blob);
                            }
                        });
        return incoming.during(parsed.layers(), 1, () -> images.register(manifest, names));
    }

    private void copy(Descriptor blob, Arrival arrival) throws IOException {
        try (var in = source.blob(blob.digest())) {
            in.skipNBytes(arrival.received());
            var buffer = new byte[BUFFER];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                arrival.append(buffer, 0, count);
                observer.moved(blob, arrival.received());
            }
        }
        arrival.finish();
    }

    private void collect(
            JsonNode index,
            Optional<String> outerName,
            List<Candidate> into,
            Set<String> seen,
            int depth)
            throws IOException {
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
                var nested = Manifest.document(document(descriptor), descriptor.digest());
                Manifest.requireType(nested, descriptor.mediaType());
                collect(nested, name, into, seen, depth + 1);
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

    /** A bare tag, as most tools write it, is one of an image called like the layout. */
    private static Optional<String> name(String place, String name) {
        var reference = name.contains("/") || name.contains(":") ? name : place + ":" + name;
        try {
            return Optional.of(References.check(reference));
        } catch (FaultException e) {
            // Its name may be anything; the image is found by its id.
            return Optional.empty();
        }
    }

    private byte[] document(Descriptor descriptor) throws IOException {
        byte[] bytes;
        try (var in = source.blob(descriptor.digest())) {
            bytes = in.readNBytes(Manifest.MAX_DOCUMENT + 1);
        }
        if (bytes.length != descriptor.size() || !Digests.of(bytes).equals(descriptor.digest())) {
            throw FaultException.invalid(
                    "document %s is not what its descriptor says", descriptor.digest());
        }
        return bytes;
    }
}
