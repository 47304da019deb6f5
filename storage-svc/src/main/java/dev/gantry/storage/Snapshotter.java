package dev.gantry.storage;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Changes;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.contract.storage.StorageResult.SnapshotUsage;
import dev.gantry.bus.contract.storage.StorageResult.Viewed;

import java.util.List;
import java.util.Optional;

/**
 * The writable layers of containers. A snapshot is named by its container's id; its parent is an
 * image. It is either there as a whole or not at all. Nothing is mounted: a snapshot is described,
 * and whoever makes the container's mount namespace mounts it.
 */
public interface Snapshotter {
    /**
     * Makes a writable layer over an image. Idempotent; the same id over another image is
     * ALREADY_EXISTS.
     *
     * @param planOnly only say what would be done
     */
    Prepared prepare(String containerId, String image, boolean planOnly);

    /**
     * Shows an image to a container that has a snapshot, beside its root and read-only. Idempotent;
     * removing the snapshot ends it.
     *
     * @param planOnly only say what would be done; the snapshot need not be there yet
     */
    Viewed view(String containerId, String image, boolean planOnly);

    /** Describes a snapshot again; NOT_FOUND if there is none. */
    Prepared mounts(String containerId);

    /** Removes a snapshot; an absent one is no error. */
    Done remove(String containerId);

    /** What the container changed over its image, sorted by path. */
    Changes diff(String containerId);

    /** Makes the changes a layer, and an image of it over the snapshot's own. */
    Image commit(StorageOperation.Commit commit);

    /** Ids of all containers that have a snapshot, sorted. */
    List<String> containers();

    /** What a container's own layer takes of the disk; empty if there is no snapshot. */
    Optional<SnapshotUsage> usage(String containerId);
}
