package dev.gantry.bus.contract.storage;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answers of {@code storage.v1}. */
public sealed interface StorageResult {
    /**
     * A container's root.
     *
     * @param rootfs the mount, described
     * @param image the image it stands on
     * @param passwd the image's /etc/passwd (at most 1 MiB, security.md row 13), empty if there is
     *     none
     * @param group the image's /etc/group, likewise
     */
    record Prepared(
            String containerId,
            Rootfs rootfs,
            Image image,
            String passwd,
            String group,
            List<PlanStep> steps)
            implements StorageResult {
        /** Absent parts are empty. */
        public Prepared {
            passwd = Absent.orEmpty(passwd);
            group = Absent.orEmpty(group);
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * An image that is shown.
     *
     * @param rootfs the mount, described; it has no {@code workdir}, and where it has {@code
     *     lowerdirs}, no {@code upperdir}
     */
    record Viewed(Rootfs rootfs, Image image, List<PlanStep> steps) implements StorageResult {
        /** Absent parts are empty. */
        public Viewed {
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * An image.
     *
     * @param id digest of its configuration
     * @param digest digest of its manifest
     * @param created seconds since the Unix epoch
     * @param sizeBytes of its layers, unpacked
     * @param layers diff ids, lowest first
     * @param author who made it, if it says so
     * @param intermediate it has no name, and another image that is here was made from it
     */
    record Image(
            String id,
            String digest,
            List<String> references,
            String os,
            String architecture,
            long created,
            long sizeBytes,
            List<String> layers,
            ImageConfig config,
            String author,
            boolean intermediate)
            implements StorageResult {
        /** Absent parts are empty. */
        public Image {
            references = Absent.orEmpty(references);
            layers = Absent.orEmpty(layers);
            config = config == null ? ImageConfig.EMPTY : config;
            author = Absent.orEmpty(author);
        }

        /** Of nobody in particular. */
        public Image(
                String id,
                String digest,
                List<String> references,
                String os,
                String architecture,
                long created,
                long sizeBytes,
                List<String> layers,
                ImageConfig config) {
            this(
                    id,
                    digest,
                    references,
                    os,
                    architecture,
                    created,
                    sizeBytes,
                    layers,
                    config,
                    "",
                    false);
        }
    }

    /**
     * Images; {@code notes} names what was left out on import, for example device nodes under /dev.
     */
    record Images(List<Image> images, List<String> notes) implements StorageResult {
        /** Absent parts are empty. */
        public Images {
            images = Absent.orEmpty(images);
            notes = Absent.orEmpty(notes);
        }
    }

    /** How a path of the container differs from its image. */
    enum Kind {
        ADDED,
        CHANGED,
        DELETED
    }

    /** A changed path, absolute in the container. */
    record Change(Kind kind, String path) {}

    /** All changed paths, sorted. */
    record Changes(String containerId, List<Change> changes) implements StorageResult {
        /** Absent changes are none. */
        public Changes {
            changes = Absent.orEmpty(changes);
        }
    }

    /**
     * What was removed: names untagged, digests deleted.
     *
     * @param reclaimedBytes of the files of the layers that were deleted
     */
    record Removed(List<String> untagged, List<String> deleted, long reclaimedBytes)
            implements StorageResult {
        /** Absent parts are empty. */
        public Removed {
            untagged = Absent.orEmpty(untagged);
            deleted = Absent.orEmpty(deleted);
        }
    }

    /**
     * A line of an image's history.
     *
     * @param layer the diff id, empty for a step that made no layer
     * @param image the id of the image that ends with this step, if it is here
     */
    record History(
            Optional<String> layer,
            long created,
            String createdBy,
            long sizeBytes,
            String comment,
            Optional<String> image) {
        /** Absent parts are empty. */
        public History {
            image = Absent.orEmpty(image);
            layer = Absent.orEmpty(layer);
            createdBy = Absent.orEmpty(createdBy);
            comment = Absent.orEmpty(comment);
        }
    }

    /** A whole history, newest first. */
    record Histories(String image, List<History> history) implements StorageResult {
        /** Absent history is none. */
        public Histories {
            history = Absent.orEmpty(history);
        }
    }

    /** A named volume; the path is of the host. */
    record Volume(
            String name,
            String path,
            long created,
            Map<String, String> labels,
            Map<String, String> options)
            implements StorageResult {
        /** Absent parts are empty. */
        public Volume {
            labels = Absent.orEmpty(labels);
            options = Absent.orEmpty(options);
        }

        /** Without options. */
        public Volume(String name, String path, long created, Map<String, String> labels) {
            this(name, path, created, labels, Map.of());
        }
    }

    /** All volumes. */
    record VolumeList(List<Volume> volumes) implements StorageResult {
        /** Absent volumes are none. */
        public VolumeList {
            volumes = Absent.orEmpty(volumes);
        }
    }

    /** Ids of containers with a writable layer, sorted. */
    record SnapshotList(List<String> containerIds) implements StorageResult {
        /** Absent ids are none. */
        public SnapshotList {
            containerIds = Absent.orEmpty(containerIds);
        }
    }

    /**
     * What a tree takes of the disk: blocks, so holes cost nothing and a file with several names
     * counts once.
     *
     * @param files names below it, directories among them
     * @param complete false if the tree was too deep to be walked to its end: then it is more
     */
    record TreeSize(long bytes, long files, boolean complete) {}

    /**
     * A container's writable layer.
     *
     * @param image digest of the manifest it stands on
     */
    record SnapshotUsage(String containerId, String image, TreeSize size) {}

    /**
     * An unpacked layer.
     *
     * @param chainId names it together with what lies below it
     * @param bytes of its files
     * @param packedBytes of its blob, 0 if that is not there
     * @param images digests of the manifests that need it
     */
    record LayerUsage(
            String chainId, String diffId, long bytes, long packedBytes, List<String> images) {
        /** Absent images are none. */
        public LayerUsage {
            images = Absent.orEmpty(images);
        }
    }

    /** A named volume. */
    record VolumeUsage(String name, TreeSize size) {}

    /**
     * What was asked of; the rest is empty.
     *
     * @param blobBytes of all content, manifests and packed layers
     */
    record DiskUsage(
            List<SnapshotUsage> snapshots,
            List<LayerUsage> layers,
            List<VolumeUsage> volumes,
            long blobBytes)
            implements StorageResult {
        /** Absent parts are empty. */
        public DiskUsage {
            snapshots = Absent.orEmpty(snapshots);
            layers = Absent.orEmpty(layers);
            volumes = Absent.orEmpty(volumes);
        }
    }

    /**
     * Something that is not as it should be.
     *
     * @param part what kind of thing it is: image, blob, layer, snapshot, volume, leftover
     * @param subject which of them, by name, id or digest
     * @param remedy what repair does about it, or what a person can do
     * @param repaired whether it was mended
     */
    record Finding(String part, String subject, String problem, String remedy, boolean repaired) {}

    /** How much was looked at, and what was found. */
    record Checked(long blobs, long layers, long snapshots, long volumes, List<Finding> findings)
            implements StorageResult {
        /** Absent findings are none. */
        public Checked {
            findings = Absent.orEmpty(findings);
        }
    }

    /** Which driver, on which file system, where. */
    record Host(String driver, String root, String fileSystem, String reason)
            implements StorageResult {}
}
