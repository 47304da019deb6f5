package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.contract.storage.StorageResult.Histories;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Removed;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The images of the store: content, unpacked layers and names as one. An image is there when its
 * layers are verified and synced, and from then on until its removal.
 */
public final class Images {
    private static final System.Logger LOG = System.getLogger(Images.class.getName());

    private final ContentStore content;
    private final Layers layers;
    private final Catalogue catalogue;
    private final Sweep sweep;
    private final Events events;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    private Images(StoreFiles files, ContentStore content, Layers layers, Events events) {
        this.content = content;
        this.layers = layers;
        this.catalogue = new Catalogue(files);
        this.sweep = new Sweep(files, content, layers);
        this.events = events;
    }

    /** Opens the store. What a crash left half-made is removed, what is damaged is named. */
    public static Images open(
            StoreFiles files, ContentStore content, Layers layers, Events events) {
        var images = new Images(files, content, layers, events);
        try {
            for (var damaged : images.catalogue.load(images::load)) {
                LOG.log(System.Logger.Level.ERROR, "image left out: {0}", damaged);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        images.sweep.now(images.catalogue.images());
        return images;
    }

    /** The unpacked layers. */
    public Layers layers() {
        return layers;
    }

    private StoredImage load(Descriptor descriptor) throws IOException {
        var manifest = Manifest.parse(content.read(descriptor.digest()), descriptor.mediaType());
        var document = ImageDocument.parse(content.read(manifest.config().digest()));
        var diffIds = document.diffIds();
        if (diffIds.size() != manifest.layers().size()) {
            throw FaultException.invalid(
                    "manifest %s has %d layers, its configuration %d",
                    descriptor.digest(), manifest.layers().size(), diffIds.size());
        }
        var unpacked = new ArrayList<Layer>();
        for (int i = 0; i < diffIds.size(); i++) {
            unpacked.add(
                    layers.unpack(manifest.layers().get(i), Optional.of(diffIds.get(i)), unpacked));
        }
        return new StoredImage(descriptor, manifest, document, List.copyOf(unpacked));
    }

    /** Takes an image whose blobs are all in the content store, under these names. */
    StoredImage register(Descriptor manifest, List<String> references) throws IOException {
        var image = load(manifest);
        change(
                () -> {
                    catalogue.add(image);
                    references.forEach(name -> catalogue.name(name, image));
                    return image;
                });
        events.publish(
                "image-imported",
                image.id(),
                Map.of("digest", image.digest(), "references", String.join(" ", references)));
        return image;
    }

    /** Something that may fail to reach the disk. */
    interface Work<T> {
        T run() throws IOException;
    }

    /** What is ingested is not yet named by the catalogue: no sweep meanwhile. */
    <T> T whileIngesting(Work<T> work) {
        sweep.hold();
        try {
            return work.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            sweep.release(this::snapshot);
        }
    }

    private List<StoredImage> snapshot() {
        return reading(() -> List.copyOf(catalogue.images()));
    }

    private <T> T reading(Supplier<T> work) {
        lock.readLock().lock();
        try {
            return work.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    private <T> T change(Supplier<T> work) {
        lock.writeLock().lock();
        try {
            var result = work.get();
            catalogue.save();
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Does something with an image that must not be removed meanwhile. */
    public <T> T with(String reference, Function<StoredImage, T> work) {
        return reading(() -> work.apply(catalogue.resolve(reference)));
    }

    /** The image of a manifest. */
    public StoredImage byManifest(String digest) {
        return reading(
                () ->
                        catalogue
                                .byManifest(digest)
                                .orElseThrow(
                                        () ->
                                                FaultException.of(
                                                        FaultCode.NOT_FOUND,
                                                        "no such image: %s",
                                                        digest)));
    }

    /** By name, digest, id or prefix of an id. */
    public Optional<Image> find(String reference) {
        return reading(() -> catalogue.find(reference).map(this::describe));
    }

    /** An image with its names. */
    public Image describe(StoredImage image) {
        return image.describe(reading(() -> catalogue.names(image)));
    }

    /** By name, digest, id or prefix of an id; NOT_FOUND if there is none. */
    public Image inspect(String reference) {
        return with(reference, this::describe);
    }

    /** All of them. */
    public StorageResult.Images list() {
        return new StorageResult.Images(
                reading(() -> catalogue.images().stream().map(this::describe).toList()), List.of());
    }

    /** The layers and the commands that made them, newest first. */
    public Histories history(String reference) {
        return with(
                reference,
                image ->
                        new Histories(
                                image.id(), image.document().history(image.layers()).reversed()));
    }

    /** A further name; taken from the image that had it, if any. */
    public Image tag(String reference, String name) {
        if (name.contains("@") || name.startsWith("sha256:")) {
            throw FaultException.invalid("%s is a digest, not a name", name);
        }
        var image =
                change(
                        () -> {
                            var found = catalogue.resolve(reference);
                            catalogue.name(name, found);
                            return found;
                        });
        events.publish("image-tagged", image.id(), Map.of("reference", ImageName.withTag(name)));
        return describe(image);
    }

    /**
     * Removes a name; with the last name, or by id, the image and what only it needs.
     *
     * @param users which containers stand on the image of a manifest digest
     */
    public Removed remove(String reference, Function<String, List<String>> users) {
        var before = new ArrayList<StoredImage>();
        var removed =
                change(
                        () -> {
                            var image = catalogue.resolve(reference);
                            before.add(image);
                            var names = catalogue.names(image);
                            if (catalogue.isName(reference) && names.size() > 1) {
                                catalogue.forgetName(reference);
                                return new Removed(
                                        List.of(ImageName.withTag(reference)), List.of());
                            }
                            var using = users.apply(image.digest());
                            if (!using.isEmpty()) {
                                throw FaultException.of(
                                        FaultCode.FAILED_PRECONDITION,
                                        "image %s is used by container %s",
                                        reference,
                                        String.join(", ", using));
                            }
                            catalogue.forget(image);
                            return new Removed(names, orphans(image));
                        });
        sweep.hold();
        sweep.release(this::snapshot);
        events.publish(
                "image-removed",
                before.getFirst().id(),
                Map.of(
                        "untagged", String.join(" ", removed.untagged()),
                        "deleted", String.join(" ", removed.deleted())));
        return removed;
    }

    /** What no other image needs: the manifest, the configuration, layers by diff id. */
    private List<String> orphans(StoredImage image) {
        var deleted = new ArrayList<String>();
        deleted.add(image.digest());
        if (catalogue.images().stream().noneMatch(other -> other.id().equals(image.id()))) {
            deleted.add(image.id());
        }
        for (var layer : image.layers()) {
            if (catalogue.images().stream().noneMatch(other -> other.layers().contains(layer))) {
                deleted.add(layer.diffId());
            }
        }
        return deleted;
    }

    ContentStore content() {
        return content;
    }
}
