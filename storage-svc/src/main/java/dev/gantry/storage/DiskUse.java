package dev.gantry.storage;

import dev.gantry.bus.contract.storage.StorageOperation.Stored;
import dev.gantry.bus.contract.storage.StorageResult.DiskUsage;
import dev.gantry.bus.contract.storage.StorageResult.SnapshotUsage;
import dev.gantry.bus.contract.storage.StorageResult.TreeSize;
import dev.gantry.bus.contract.storage.StorageResult.VolumeUsage;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.kernel.TreeUsage;

import java.util.List;

/** What snapshots, layers and volumes take of the disk. */
final class DiskUse {
    private final Snapshotter snapshotter;
    private final Images images;
    private final Volumes volumes;

    DiskUse(Snapshotter snapshotter, Images images, Volumes volumes) {
        this.snapshotter = snapshotter;
        this.images = images;
        this.volumes = volumes;
    }

    DiskUsage of(List<Stored> wanted) {
        return new DiskUsage(
                wanted.contains(Stored.SNAPSHOTS) ? snapshots() : List.of(),
                wanted.contains(Stored.LAYERS) ? images.layerUsage() : List.of(),
                wanted.contains(Stored.VOLUMES) ? volumes() : List.of(),
                wanted.contains(Stored.LAYERS) ? images.blobBytes() : 0);
    }

    private List<SnapshotUsage> snapshots() {
        // One that is removed meanwhile is left out.
        return snapshotter.containers().stream()
                .flatMap(id -> snapshotter.usage(id).stream())
                .toList();
    }

    private List<VolumeUsage> volumes() {
        return volumes.list().volumes().stream()
                .flatMap(
                        volume ->
                                volumes
                                        .usage(volume.name())
                                        .map(sum -> new VolumeUsage(volume.name(), size(sum)))
                                        .stream())
                .toList();
    }

    static TreeSize size(TreeUsage.Sum sum) {
        return new TreeSize(sum.bytes(), sum.files(), sum.complete());
    }
}
