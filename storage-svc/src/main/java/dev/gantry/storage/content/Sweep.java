package dev.gantry.storage.content;

import dev.gantry.storage.archive.Digests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Collects what no image needs: blobs, and layers (to the trash). Marks from the catalogue, so it
 * cannot forget anything; never runs while something is ingested that the catalogue does not name.
 */
final class Sweep {
    private final StoreFiles files;
    private final ContentStore content;
    private final Layers layers;
    private int ingesting;

    Sweep(StoreFiles files, ContentStore content, Layers layers) {
        this.files = files;
        this.content = content;
        this.layers = layers;
    }

    synchronized void hold() {
        ingesting++;
    }

    /** The last one to release sweeps: what a failed import left goes at once. */
    synchronized void release(Supplier<? extends Collection<StoredImage>> images) {
        if (--ingesting == 0) {
            now(images.get());
        }
    }

    /** Collects. */
    synchronized void now(Collection<StoredImage> images) {
        Set<Path> live = new HashSet<>();
        for (var image : images) {
            live.add(content.path(image.digest()));
            live.add(content.path(image.id()));
            image.manifest().layers().forEach(blob -> live.add(content.path(blob.digest())));
            image.layers()
                    .forEach(
                            layer ->
                                    live.add(files.layers().resolve(Digests.hex(layer.chainId()))));
        }
        try {
            for (var dead : others(files.blobs(), live)) {
                Files.delete(dead);
            }
            for (var dead : others(files.layers(), live)) {
                layers.discardLater(dead);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<Path> others(Path directory, Set<Path> live) throws IOException {
        var others = new HashSet<Path>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            paths.forEach(others::add);
        }
        others.removeAll(live);
        return others;
    }
}
