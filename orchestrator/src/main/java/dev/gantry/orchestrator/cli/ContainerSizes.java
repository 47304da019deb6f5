package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageOperation.Stored;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.SnapshotUsage;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What containers take of the disk, by id.
 *
 * @param layers bytes of each one's own layer
 * @param images bytes of the image below it
 */
record ContainerSizes(Map<String, Long> layers, Map<String, Long> images) {
    /** Asks storage-svc, which walks through the layers. */
    static ContainerSizes of(Engine engine) {
        var byDigest = new HashMap<String, Long>();
        for (Image image : engine.storage(new StorageOperation.Images()).images()) {
            byDigest.put(image.digest(), image.sizeBytes());
        }
        var layers = new HashMap<String, Long>();
        var images = new HashMap<String, Long>();
        var usage = engine.storage(new StorageOperation.Usage(List.of(Stored.SNAPSHOTS)));
        for (SnapshotUsage snapshot : usage.snapshots()) {
            layers.put(snapshot.containerId(), snapshot.size().bytes());
            images.put(snapshot.containerId(), byDigest.getOrDefault(snapshot.image(), 0L));
        }
        return new ContainerSizes(layers, images);
    }

    /** Bytes of its own layer. */
    long own(String id) {
        return layers.getOrDefault(id, 0L);
    }

    /** Bytes with its image. */
    long whole(String id) {
        return own(id) + images.getOrDefault(id, 0L);
    }

    /** As {@code ps --size} has it. */
    String words(String id) {
        return Sizes.human(own(id)) + " (virtual " + Sizes.human(whole(id)) + ")";
    }
}
