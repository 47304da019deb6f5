package dev.gantry.storage.content;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which images there are and what they are called. Kept in memory; on disk it is the {@link
 * IndexFile}. Not thread-safe: its owner holds a lock.
 */
final class Catalogue {
    private static final System.Logger LOG = System.getLogger(Catalogue.class.getName());
    private static final Pattern ID_PREFIX = Pattern.compile("[0-9a-f]{4,64}");

    private final IndexFile index;
    private final Map<String, StoredImage> images = new LinkedHashMap<>();
    private final Map<String, Damaged> damaged = new LinkedHashMap<>();
    private final Map<String, String> references = new LinkedHashMap<>();

    Catalogue(StoreFiles files) {
        this.index = new IndexFile(files);
    }

    /** Loads an image from its manifest. */
    interface Loader {
        StoredImage load(Descriptor manifest) throws IOException;

        /** All manifests that are in the store, needed or not. */
        List<Descriptor> manifests() throws IOException;

        /** What is left of one that cannot be loaded. */
        Damaged damaged(Descriptor manifest, String reason);
    }

    /**
     * Reads the index. Images that cannot be loaded are kept as damaged. Where the index is lost,
     * the manifests in the store are its images, with the names that they had before its last
     * change.
     *
     * @return why the index is lost
     */
    Optional<String> load(Loader loader) throws IOException {
        var content = index.read();
        for (var entry : content.entries()) {
            var manifest = entry.manifest();
            entry.name().ifPresent(name -> references.put(name, manifest.digest()));
            if (!images.containsKey(manifest.digest())) {
                load(loader, manifest);
            }
        }
        if (content.lost().isPresent()) {
            for (var manifest : loader.manifests()) {
                if (!images.containsKey(manifest.digest())) {
                    loadWhole(loader, manifest);
                }
            }
            save();
        }
        return content.lost();
    }

    /** What was not whole before the index was lost is not an image because of it. */
    private void loadWhole(Loader loader, Descriptor manifest) {
        try {
            add(loader.load(manifest));
        } catch (IOException | FaultException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} is not taken for an image: {1}",
                    manifest.digest(),
                    e.getMessage());
        }
    }

    /** Tries once more to load an image that is damaged. */
    void load(Loader loader, Descriptor descriptor) {
        try {
            add(loader.load(descriptor));
        } catch (IOException | FaultException e) {
            var reason =
                    e instanceof NoSuchFileException
                            ? "no content " + e.getMessage()
                            : e.getMessage();
            damaged.put(descriptor.digest(), loader.damaged(descriptor, reason));
        }
    }

    /** Writes the index; what was said before is durable when this returns. */
    void save() throws IOException {
        var entries = new ArrayList<IndexFile.Entry>();
        images.values().forEach(image -> enter(image.descriptor(), entries));
        damaged.values().forEach(image -> enter(image.descriptor(), entries));
        index.write(entries);
    }

    private void enter(Descriptor image, List<IndexFile.Entry> entries) {
        var names = names(image.digest());
        if (names.isEmpty()) {
            entries.add(new IndexFile.Entry(image, Optional.empty()));
        }
        for (var name : names) {
            entries.add(new IndexFile.Entry(image, Optional.of(name)));
        }
    }

    /** Where the index is. */
    IndexFile index() {
        return index;
    }

    void add(StoredImage image) {
        images.put(image.digest(), image);
        damaged.remove(image.digest());
    }

    void name(String reference, StoredImage image) {
        references.put(ImageName.withTag(reference), image.digest());
    }

    /** Forgets a name; whether it was known. */
    boolean forgetName(String reference) {
        return references.remove(ImageName.withTag(reference)) != null;
    }

    void forget(String digest) {
        references.values().removeIf(digest::equals);
        images.remove(digest);
        damaged.remove(digest);
    }

    Collection<Damaged> damaged() {
        return damaged.values();
    }

    /** A damaged image by its name, digest, or id. */
    Optional<Damaged> findDamaged(String reference) {
        var named = references.get(ImageName.withTag(reference));
        return damaged.values().stream()
                .filter(
                        image ->
                                image.descriptor().digest().equals(named)
                                        || reference.endsWith(image.descriptor().digest())
                                        || image.manifest()
                                                .map(manifest -> manifest.config().digest())
                                                .filter(reference::equals)
                                                .isPresent())
                .findFirst();
    }

    Collection<StoredImage> images() {
        return images.values();
    }

    List<String> names(StoredImage image) {
        return names(image.digest());
    }

    /** Names of the image of a manifest, damaged or not. */
    List<String> names(String digest) {
        return references.entrySet().stream()
                .filter(entry -> entry.getValue().equals(digest))
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    Optional<StoredImage> byManifest(String digest) {
        return Optional.ofNullable(images.get(digest));
    }

    /** All images of a configuration. */
    List<StoredImage> withId(String id) {
        return images.values().stream().filter(image -> image.id().equals(id)).toList();
    }

    /** Whether it is a name that an image has, rather than an id. */
    boolean isName(String reference) {
        return references.containsKey(ImageName.withTag(reference));
    }

    /** By name, digest, id or unique prefix of an id. */
    StoredImage resolve(String reference) {
        return find(reference)
                .orElseThrow(
                        () ->
                                findDamaged(reference)
                                        .map(image -> unusable(reference, image))
                                        .orElseGet(
                                                () ->
                                                        FaultException.of(
                                                                FaultCode.NOT_FOUND,
                                                                "no such image: %s",
                                                                Names.quote(reference))));
    }

    private static FaultException unusable(String reference, Damaged image) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "image %s is damaged (%s): bring it again, or remove it",
                reference,
                image.reason());
    }

    Optional<StoredImage> find(String reference) {
        var named = references.get(ImageName.withTag(reference));
        if (named != null) {
            return byManifest(named);
        }
        int at = reference.indexOf("@sha256:");
        if (at >= 0) {
            return byManifest(reference.substring(at + 1));
        }
        var digest =
                reference.startsWith("sha256:")
                        ? byManifest(reference)
                        : Optional.<StoredImage>empty();
        return digest.isPresent() ? digest : byId(reference);
    }

    private Optional<StoredImage> byId(String reference) {
        var prefix = reference.startsWith("sha256:") ? reference.substring(7) : reference;
        if (!ID_PREFIX.matcher(prefix).matches()) {
            return Optional.empty();
        }
        var found =
                images.values().stream()
                        .filter(image -> image.id().startsWith("sha256:" + prefix))
                        .toList();
        var ids = found.stream().map(StoredImage::id).distinct().toList();
        if (ids.size() > 1) {
            throw FaultException.invalid(
                    "image id %s is ambiguous: %s", prefix, String.join(", ", ids));
        }
        return found.stream().findFirst();
    }
}
