package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.StorageResult.Image;

import java.util.List;

/**
 * An image of the store.
 *
 * @param descriptor of its manifest
 * @param layers lowest first, unpacked
 */
public record StoredImage(
        Descriptor descriptor, Manifest manifest, ImageDocument document, List<Layer> layers) {
    /** Digest of its configuration. */
    public String id() {
        return manifest.config().digest();
    }

    /** Digest of its manifest. */
    public String digest() {
        return descriptor.digest();
    }

    /** Whether an image was made from this one, by steps that follow its own. */
    boolean precedes(StoredImage later) {
        int steps = document.steps();
        return document.isStageOf(later.document(), steps) && later.document().steps() > steps;
    }

    /** As the contract shows it. */
    public Image describe(List<String> references, boolean intermediate) {
        return new Image(
                id(),
                digest(),
                references,
                document.os(),
                document.architecture(),
                document.created(),
                layers.stream().mapToLong(Layer::bytes).sum(),
                layers.stream().map(Layer::diffId).toList(),
                document.config(),
                document.author(),
                intermediate);
    }
}
