package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes images of one new layer, over another image or over nothing. */
public final class ImageMaker {
    private final Images images;

    /** Into these images. */
    public ImageMaker(Images images) {
        this.images = images;
    }

    /**
     * What is to be said of a new image.
     *
     * @param base what it stands on
     * @param document the configuration to which the new layer is added
     * @param createdBy and {@code comment} stand in its history
     * @param author empty: as the configuration has it
     * @param reference its name
     */
    public record Recipe(
            Optional<StoredImage> base,
            ImageDocument document,
            Instant created,
            String createdBy,
            String comment,
            String author,
            Optional<String> reference) {
        /** Of an image over nothing. */
        public static Recipe fresh(
                ImageConfig config, Instant created, String by, Optional<String> reference) {
            return new Recipe(
                    Optional.empty(),
                    ImageDocument.create(config, created),
                    created,
                    by,
                    "",
                    "",
                    reference);
        }

        /** The same with a comment in its history. */
        public Recipe saying(String text) {
            return new Recipe(base, document, created, createdBy, text, author, reference);
        }
    }

    /** A new image and what was left out of it. */
    public record Made(Image image, List<String> notes) {}

    /**
     * Makes an image of an archive.
     *
     * @param mediaType of the archive as the source writes it
     */
    public Made make(Recipe recipe, String mediaType, ContentStore.Source source) {
        var content = images.content();
        return images.whileIngesting(
                () -> {
                    var blob = content.put(mediaType, source);
                    var layer =
                            images.layers().unpack(blob, Optional.empty(), below(recipe.base()));
                    var document =
                            recipe.document()
                                    .plus(
                                            layer.diffId(),
                                            recipe.created(),
                                            recipe.createdBy(),
                                            recipe.comment())
                                    .by(recipe.author());
                    var config = content.put(Manifest.CONFIG_MEDIA_TYPE, document.bytes());
                    var blobs =
                            new ArrayList<>(
                                    recipe.base()
                                            .map(image -> image.manifest().layers())
                                            .orElse(List.of()));
                    blobs.add(blob);
                    var manifest =
                            content.put(Manifest.MEDIA_TYPE, new Manifest(config, blobs).bytes());
                    var image = images.register(manifest, recipe.reference().stream().toList());
                    return new Made(images.describe(image), layer.notes());
                });
    }

    private static List<Layer> below(Optional<StoredImage> base) {
        var below = base.map(StoredImage::layers).orElse(List.of());
        if (below.size() >= Manifest.MAX_LAYERS) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "%s has %d layers already, overlayfs takes no more",
                    base.orElseThrow().id(),
                    below.size());
        }
        return below;
    }

    /** Makes an image of an archive that the source writes unpacked; the layer is gzip. */
    public Made makePacked(Recipe recipe, ContentStore.Source source) {
        return make(
                recipe,
                Compression.GZIP.mediaType(),
                out -> {
                    var gzip = new FastGzipOutput(out);
                    source.writeTo(gzip);
                    gzip.finish();
                });
    }
}
