package dev.gantry.storage.content;

import dev.gantry.bus.contract.storage.StorageResult.Finding;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Looks whether images, their blobs and their unpacked layers are whole, and mends what it can. */
final class ContentCheck {
    private final Images images;
    private final ContentStore content;
    private final Layers layers;
    private final boolean repair;

    /** Chain ids of layers below a root that may be mounted. */
    private final Set<String> mounted;

    private final List<Finding> findings = new ArrayList<>();
    private final Map<String, Boolean> whole = new HashMap<>();
    private final Set<String> compared = new HashSet<>();
    private final Set<String> broken = new HashSet<>();

    ContentCheck(Images images, boolean repair, Set<String> mounted) {
        this.images = images;
        this.content = images.content();
        this.layers = images.layers();
        this.repair = repair;
        this.mounted = mounted;
    }

    /** Of content alone: snapshots and volumes are counted elsewhere. */
    Images.ContentReport run() throws IOException {
        index(images.index());
        for (var damaged : images.damaged()) {
            damaged(damaged);
        }
        for (var image : images.all()) {
            blobs(image);
        }
        for (var image : images.all()) {
            layers(image);
        }
        return new Images.ContentReport(whole.size(), compared.size(), findings);
    }

    /** It was made again when the store was opened; this tells of it until somebody has looked. */
    private void index(IndexFile index) throws IOException {
        var broken = index.broken();
        if (broken.isPresent()) {
            if (repair) {
                index.forgetBroken();
            }
            add(
                    "index",
                    broken.get().toString(),
                    "it could not be read: the images have the names of before its last change",
                    "name again what has lost its name, and remove it",
                    repair);
        }
    }

    private void add(String part, String subject, String problem, String remedy, boolean repaired) {
        findings.add(new Finding(part, subject, problem, remedy, repaired));
    }

    /** An image of which something was broken when the store was opened; it may be there again. */
    private void damaged(Damaged image) throws IOException {
        var manifest = image.descriptor();
        if (image.manifest().isPresent()) {
            check(manifest, name(manifest.digest()));
            check(image.manifest().get().config(), name(manifest.digest()));
            for (var layer : image.manifest().get().layers()) {
                check(layer, name(manifest.digest()));
            }
        }
        boolean back = repair && images.tryAgain(manifest);
        add("image", name(manifest.digest()), image.reason(), "bring it again, or remove it", back);
    }

    private void blobs(StoredImage image) throws IOException {
        var name = name(image.digest());
        check(image.descriptor(), name);
        check(image.manifest().config(), name);
        for (var layer : image.manifest().layers()) {
            check(layer, name);
        }
    }

    private void check(Descriptor blob, String image) throws IOException {
        if (whole.containsKey(blob.digest())) {
            return;
        }
        var problem = problem(blob);
        whole.put(blob.digest(), problem.isEmpty());
        if (problem.isPresent()) {
            if (repair) {
                content.drop(blob.digest());
            }
            add("blob", blob.digest(), problem.get(), "bring " + image + " again", false);
        }
    }

    private Optional<String> problem(Descriptor blob) throws IOException {
        var path = content.path(blob.digest());
        if (!Files.isRegularFile(path)) {
            return Optional.of("it is missing");
        }
        if (Files.size(path) != blob.size()) {
            return Optional.of("it has %d bytes, not %d".formatted(Files.size(path), blob.size()));
        }
        return content.isWhole(blob.digest())
                ? Optional.empty()
                : Optional.of("its bytes are not those of its digest");
    }

    private void layers(StoredImage image) throws IOException {
        var all = image.layers();
        for (int i = 0; i < all.size(); i++) {
            var blob = image.manifest().layers().get(i);
            // Without its blob there is nothing to compare it with; that is said already.
            if (whole.get(blob.digest()) && compared.add(all.get(i).chainId())) {
                compare(blob, all.get(i), all.subList(0, i));
            }
            if (broken.contains(all.get(i).chainId())) {
                return; // What is above takes from it: that is looked at once it is mended.
            }
        }
    }

    private void compare(Descriptor blob, Layer layer, List<Layer> below) throws IOException {
        boolean free = !mounted.contains(layer.chainId());
        Optional<String> difference;
        try {
            difference = layers.compare(blob, layer, below, repair && free);
        } catch (FaultException e) {
            difference = Optional.of("it cannot be unpacked again: " + e.fault().message());
            free = false;
        }
        boolean mended = repair && free;
        if (difference.isPresent() && !mended) {
            broken.add(layer.chainId());
        }
        difference.ifPresent(
                what ->
                        add(
                                "layer",
                                layer.diffId(),
                                what,
                                mounted.contains(layer.chainId())
                                        ? "stop the containers that stand on it, and repair"
                                        : "unpack it again from " + blob.digest(),
                                mended));
    }

    private String name(String digest) {
        return images.namesOf(digest).stream().findFirst().orElse(digest);
    }
}
