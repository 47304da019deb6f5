package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.contract.storage.StorageResult.Finding;
import dev.gantry.bus.contract.storage.StorageResult.Histories;
import dev.gantry.bus.contract.storage.StorageResult.History;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.LayerUsage;
import dev.gantry.bus.contract.storage.StorageResult.Removed;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    private final StoreSync sync;
    private final Catalogue catalogue;
    private final Sweep sweep;
    private final Events events;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    private Images(
            StoreFiles files, ContentStore content, Layers layers, StoreSync sync, Events events) {
        this.content = content;
        this.layers = layers;
        this.sync = sync;
        this.catalogue = new Catalogue(files);
        this.sweep = new Sweep(files, content, layers);
        this.events = events;
    }

    /**
     * Opens the store. What a crash left half-made is removed, what is damaged is named.
     *
     * @param last after a power loss, what is on the disk is verified before it is used
     */
    public static Images open(
            StoreFiles files,
            ContentStore content,
            Layers layers,
            StoreSync sync,
            StopMark.Last last,
            Events events) {
        var images = new Images(files, content, layers, sync, events);
        var lease = images.lease();
        try {
            if (last == StopMark.Last.POWER_LOSS) {
                content.suspectAll();
                layers.suspectAll();
            }
            images.catalogue
                    .load(images.loader)
                    .ifPresent(
                            why ->
                                    LOG.log(
                                            System.Logger.Level.ERROR,
                                            "the index is lost, and made again of {0} images that"
                                                    + " are in the store: {1}",
                                            images.catalogue.images().size(),
                                            why));
            for (var damaged : images.catalogue.damaged()) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "image {0} is damaged: {1}",
                        damaged.descriptor().digest(),
                        damaged.reason());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lease.close();
        }
        return images;
    }

    private final Catalogue.Loader loader =
            new Catalogue.Loader() {
                @Override
                public StoredImage load(Descriptor manifest) throws IOException {
                    return Images.this.load(manifest);
                }

                @Override
                public List<Descriptor> manifests() throws IOException {
                    return content.manifests();
                }

                @Override
                public Damaged damaged(Descriptor manifest, String reason) {
                    return new Damaged(manifest, whatIsLeft(manifest), reason);
                }
            };

    private Optional<Manifest> whatIsLeft(Descriptor descriptor) {
        try {
            return Optional.of(
                    Manifest.parse(content.read(descriptor.digest()), descriptor.mediaType()));
        } catch (IOException | FaultException e) {
            return Optional.empty(); // The reason is known: loading the image began with it.
        }
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
        return new StoredImage(
                descriptor, manifest, document, layers.unpack(manifest.layers(), diffIds));
    }

    /** Takes an image whose blobs are all in the content store, under these names. */
    public StoredImage register(Descriptor manifest, List<String> references) throws IOException {
        var image = sync.after(() -> load(manifest));
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
    public interface Work<T> {
        /** Does it. */
        T run() throws IOException;
    }

    /** Brings something in under a {@link #lease}. */
    public <T> T whileIngesting(Work<T> work) {
        var lease = lease();
        try {
            return work.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lease.close();
        }
    }

    /**
     * What is put into the content store, found there or unpacked from now on, by anybody, stays
     * until this is closed, and from then on if an image needs it: to be held from before the first
     * blob of a pull is looked for until its image is {@linkplain #register registered}. Garbage is
     * collected meanwhile, and again when the lease is closed, for example what a failed pull has
     * brought.
     */
    public Leases.Lease lease() {
        var lease = content.leases().open();
        return () -> {
            lease.close();
            sweep.now(this::needed);
        };
    }

    private Sweep.Needed needed() {
        return reading(
                () ->
                        new Sweep.Needed(
                                List.copyOf(catalogue.images()), List.copyOf(catalogue.damaged())));
    }

    /** Makes sure, once after a power loss, that an image's layers are what their blobs say. */
    private StoredImage assured(StoredImage image) {
        try {
            layers.assure(image.manifest().layers(), image.layers());
            return image;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        return reading(() -> work.apply(assured(catalogue.resolve(reference))));
    }

    /** The image of a manifest. */
    public StoredImage byManifest(String digest) {
        return reading(() -> assured(catalogue.resolve(digest)));
    }

    /** By name, digest, id or prefix of an id. */
    public Optional<Image> find(String reference) {
        return reading(() -> catalogue.find(reference).map(this::describe));
    }

    /** An image with its names. */
    public Image describe(StoredImage image) {
        return reading(
                () -> {
                    var names = catalogue.names(image);
                    boolean intermediate =
                            names.isEmpty()
                                    && catalogue.images().stream().anyMatch(image::precedes);
                    return image.describe(names, intermediate);
                });
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
                image -> {
                    var steps = image.document().history(image.layers());
                    var lines = new ArrayList<History>();
                    for (var step : steps) {
                        var ends = stage(image, lines.size() + 1, steps.size());
                        lines.add(
                                new History(
                                        step.layer(),
                                        step.created(),
                                        step.createdBy(),
                                        step.sizeBytes(),
                                        step.comment(),
                                        ends));
                    }
                    return new Histories(image.id(), lines.reversed());
                });
    }

    /** The image that is the first steps of another. */
    private Optional<String> stage(StoredImage image, int steps, int all) {
        return steps == all
                ? Optional.of(image.id())
                : catalogue.images().stream()
                        .filter(other -> other.document().isStageOf(image.document(), steps))
                        .map(StoredImage::id)
                        .findFirst();
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
     * Removes an image's names, and where that is all of them and no container stands on it, the
     * image and what only it needs.
     *
     * @param users which containers stand on the image of a manifest digest
     */
    public Removed remove(String reference, boolean force, Function<String, List<String>> users) {
        var ids = new ArrayList<String>();
        var removal = new Removal(catalogue, users);
        var removed =
                change(
                        () -> {
                            var broken = catalogue.findDamaged(reference);
                            if (broken.isPresent()) {
                                ids.add(broken.get().descriptor().digest());
                                return removal.ofDamaged(reference, broken.get());
                            }
                            var image = catalogue.resolve(reference);
                            ids.add(image.id());
                            return removal.of(reference, image, force);
                        });
        sweep.now(this::needed);
        events.publish(
                "image-removed",
                ids.getFirst(),
                Map.of(
                        "untagged", String.join(" ", removed.untagged()),
                        "deleted", String.join(" ", removed.deleted())));
        return removed;
    }

    /**
     * What {@link #check} found.
     *
     * @param blobs and {@code layers} that were looked at
     */
    public record ContentReport(long blobs, long layers, List<Finding> findings) {}

    /**
     * Looks whether all images are whole: each blob against its digest, each layer against its
     * blob.
     *
     * @param repair mend what can be mended
     * @param mounted chain ids of layers that must not be exchanged
     */
    public ContentReport check(boolean repair, Set<String> mounted) {
        var findings = new ArrayList<Finding>();
        for (var garbage : sweep.find(this::needed)) {
            var kind = garbage.getParent().getFileName().toString();
            findings.add(
                    new Finding(
                            kind.equals("layers") ? "layer" : "blob",
                            garbage.getFileName().toString(),
                            "no image needs it",
                            "remove it",
                            repair));
        }
        if (repair) {
            sweep.now(this::needed);
        }
        var lease = content.leases().open(); // Not lease(): looking must not sweep.
        try {
            var report = new ContentCheck(this, repair, mounted).run();
            findings.addAll(report.findings());
            return new ContentReport(report.blobs(), report.layers(), findings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lease.close();
        }
    }

    /** All that are whole. */
    public List<StoredImage> all() {
        return needed().images();
    }

    IndexFile index() {
        return catalogue.index();
    }

    List<Damaged> damaged() {
        return needed().damaged();
    }

    List<String> namesOf(String digest) {
        return reading(() -> catalogue.names(digest));
    }

    /** Loads a damaged image once more; whether it is whole now. */
    boolean tryAgain(Descriptor manifest) {
        return change(
                () -> {
                    catalogue.load(loader, manifest);
                    return catalogue.byManifest(manifest.digest()).isPresent();
                });
    }

    /** Whether there is an image of that manifest, whole. */
    public boolean isThere(String digest) {
        return reading(() -> catalogue.byManifest(digest).isPresent());
    }

    /** Each unpacked layer that an image needs, and which need it. */
    public List<LayerUsage> layerUsage() {
        var images = needed().images();
        var users = new LinkedHashMap<Layer, List<String>>();
        for (var image : images) {
            for (var layer : image.layers()) {
                users.computeIfAbsent(layer, l -> new ArrayList<>()).add(image.digest());
            }
        }
        var usage = new ArrayList<LayerUsage>();
        users.forEach(
                (layer, of) ->
                        usage.add(
                                new LayerUsage(
                                        layer.chainId(),
                                        layer.diffId(),
                                        layer.bytes(),
                                        content.sizeIfThere(layer.blob()),
                                        of)));
        return usage;
    }

    /** Bytes of all content. */
    public long blobBytes() {
        try {
            return content.digests().stream().mapToLong(content::sizeIfThere).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether two spellings are one name: {@code x} and {@code docker.io/library/x:latest}. */
    public boolean isSpelling(String one, String other) {
        return ImageName.withTag(one).equals(ImageName.withTag(other));
    }

    /** The content under them. */
    public ContentStore content() {
        return content;
    }
}
