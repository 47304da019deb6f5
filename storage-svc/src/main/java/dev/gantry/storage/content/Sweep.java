package dev.gantry.storage.content;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Collects what no image needs: blobs, and layers (to the trash). Marks from the catalogue, so it
 * cannot forget anything; what is being ingested is kept by {@link Leases}.
 */
final class Sweep {
    private final StoreFiles files;
    private final ContentStore content;
    private final Layers layers;

    Sweep(StoreFiles files, ContentStore content, Layers layers) {
        this.files = files;
        this.content = content;
        this.layers = layers;
    }

    /** What the catalogue names: images that are whole, and images of which something is broken. */
    record Needed(List<StoredImage> images, List<Damaged> damaged) {}

    /** Collects; the needs are asked for when they must be. */
    void now(Supplier<Needed> needs) {
        sweep(
                needs,
                garbage -> {
                    for (var dead : garbage) {
                        if (dead.getParent().equals(files.layers())) {
                            layers.discardLater(dead);
                        } else {
                            Files.delete(dead);
                        }
                    }
                });
    }

    /** What would be collected. */
    List<Path> find(Supplier<Needed> needs) {
        var found = new ArrayList<Path>();
        sweep(needs, found::addAll);
        return found;
    }

    /** What to do with garbage. */
    private interface Use {
        void of(List<Path> garbage) throws IOException;
    }

    private void sweep(Supplier<Needed> needs, Use use) {
        Set<Path> live = new HashSet<>();
        content.leases()
                .sweep(
                        () -> mark(needs.get(), live),
                        kept -> {
                            live.addAll(kept);
                            try {
                                var garbage = others(files.blobs(), live);
                                garbage.addAll(others(files.layers(), live));
                                use.of(garbage);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
    }

    private void mark(Needed needed, Set<Path> live) {
        for (var image : needed.images()) {
            live.add(content.path(image.digest()));
            live.add(content.path(image.id()));
            image.manifest().layers().forEach(blob -> live.add(content.path(blob.digest())));
            image.layers().forEach(layer -> live.add(layers.directory(layer.chainId())));
        }
        var blobs = new HashSet<String>();
        for (var damaged : needed.damaged()) {
            blobs.add(damaged.descriptor().digest());
            damaged.manifest()
                    .ifPresent(
                            manifest -> {
                                blobs.add(manifest.config().digest());
                                manifest.layers().forEach(layer -> blobs.add(layer.digest()));
                            });
        }
        if (!blobs.isEmpty()) {
            blobs.forEach(blob -> live.add(content.path(blob)));
            layers.all().stream()
                    .filter(layer -> blobs.contains(layer.blob()))
                    .forEach(layer -> live.add(layers.directory(layer.chainId())));
        }
    }

    private static List<Path> others(Path directory, Set<Path> live) throws IOException {
        var others = new ArrayList<Path>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            paths.forEach(others::add);
        }
        others.removeAll(live);
        return others;
    }
}
