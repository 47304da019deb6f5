package dev.gantry.storage.content;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.storage.BuildRecipe;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.Compression;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes the images of a build: each is another image with lines of history and a layer more. */
public final class DerivedImages {
    private final Images images;

    /** Into these images. */
    public DerivedImages(Images images) {
        this.images = images;
    }

    /** The image that a recipe stands on; NOT_FOUND if it is gone. */
    public Optional<StoredImage> base(BuildRecipe recipe) {
        return recipe.base().map(images::byManifest);
    }

    /** An image with the layers of its base. */
    public Image make(BuildRecipe recipe) {
        return images.whileIngesting(() -> register(recipe, base(recipe), Optional.empty()));
    }

    /** An image with a further layer, which the source writes unpacked. */
    public Image make(BuildRecipe recipe, ContentStore.Source source) {
        return images.whileIngesting(
                () -> {
                    var base = base(recipe);
                    var below = base.map(StoredImage::layers).orElse(List.of());
                    if (below.size() >= Manifest.MAX_LAYERS) {
                        throw FaultException.of(
                                FaultCode.UNSUPPORTED,
                                "%s has %d layers already, overlayfs takes no more",
                                base.orElseThrow().id(),
                                below.size());
                    }
                    var blob =
                            images.content()
                                    .put(
                                            Compression.GZIP.mediaType(),
                                            out -> {
                                                var gzip = new FastGzipOutput(out);
                                                source.writeTo(gzip);
                                                gzip.finish();
                                            });
                    var layer = images.layers().unpack(blob, Optional.empty(), below);
                    return register(recipe, base, Optional.of(new Added(blob, layer)));
                });
    }

    private record Added(Descriptor blob, Layer layer) {}

    private Image register(BuildRecipe recipe, Optional<StoredImage> base, Optional<Added> added)
            throws IOException {
        var content = images.content();
        var document = document(recipe, base, added.map(Added::layer));
        var config = content.put(Manifest.CONFIG_MEDIA_TYPE, document.bytes());
        var blobs = new ArrayList<>(base.map(image -> image.manifest().layers()).orElse(List.of()));
        added.ifPresent(one -> blobs.add(one.blob()));
        var manifest = content.put(Manifest.MEDIA_TYPE, new Manifest(config, blobs).bytes());
        return images.describe(images.register(manifest, recipe.reference().stream().toList()));
    }

    private static ImageDocument document(
            BuildRecipe recipe, Optional<StoredImage> base, Optional<Layer> layer) {
        var created = Instant.ofEpochSecond(recipe.createdSeconds(), recipe.createdNanos());
        var json =
                base.map(image -> image.document().json().deepCopy())
                        .orElseGet(() -> empty(recipe, created).json());
        json.put("created", created.toString());
        json.set("config", recipe.config());
        if (!recipe.author().isEmpty()) {
            json.put("author", recipe.author());
        }
        // What Docker's own builder says of the container that made the image is not true of this.
        json.remove(List.of("container", "container_config", "docker_version", "id", "parent"));
        for (var step : recipe.steps()) {
            line(json, created, step).put("empty_layer", true);
        }
        layer.ifPresent(
                added -> {
                    line(json, created, recipe.createdBy());
                    json.withObject("/rootfs")
                            .put("type", "layers")
                            .withArray("diff_ids")
                            .add(added.diffId());
                });
        return new ImageDocument(json);
    }

    private static ImageDocument empty(BuildRecipe recipe, Instant created) {
        var empty = ImageDocument.create(ImageConfig.EMPTY, created);
        return recipe.platform().map(empty::on).orElse(empty);
    }

    private static ObjectNode line(ObjectNode json, Instant created, String createdBy) {
        return json.withArray("history")
                .addObject()
                .put("created", created.toString())
                .put("created_by", createdBy);
    }
}
