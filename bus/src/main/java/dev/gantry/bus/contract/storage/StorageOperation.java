package dev.gantry.bus.contract.storage;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * {@code storage.v1}: image content, layers, snapshots of containers, volumes. Describes mounts,
 * never mounts.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes({
    @JsonSubTypes.Type(value = StorageOperation.Prepare.class, name = "prepare"),
    @JsonSubTypes.Type(value = StorageOperation.View.class, name = "view"),
    @JsonSubTypes.Type(value = StorageOperation.Mounts.class, name = "mounts"),
    @JsonSubTypes.Type(value = StorageOperation.Remove.class, name = "remove"),
    @JsonSubTypes.Type(value = StorageOperation.Diff.class, name = "diff"),
    @JsonSubTypes.Type(value = StorageOperation.Commit.class, name = "commit"),
    @JsonSubTypes.Type(value = StorageOperation.Import.class, name = "import"),
    @JsonSubTypes.Type(value = StorageOperation.Export.class, name = "export"),
    @JsonSubTypes.Type(value = StorageOperation.HostShell.class, name = "host-shell"),
    @JsonSubTypes.Type(value = StorageOperation.Images.class, name = "images"),
    @JsonSubTypes.Type(value = StorageOperation.Inspect.class, name = "inspect"),
    @JsonSubTypes.Type(value = StorageOperation.Tag.class, name = "tag"),
    @JsonSubTypes.Type(value = StorageOperation.RemoveImage.class, name = "remove-image"),
    @JsonSubTypes.Type(value = StorageOperation.History.class, name = "history"),
    @JsonSubTypes.Type(value = StorageOperation.VolumeCreate.class, name = "volume-create"),
    @JsonSubTypes.Type(value = StorageOperation.VolumeFill.class, name = "volume-fill"),
    @JsonSubTypes.Type(value = StorageOperation.Volumes.class, name = "volumes"),
    @JsonSubTypes.Type(value = StorageOperation.VolumeRemove.class, name = "volume-remove"),
    @JsonSubTypes.Type(value = StorageOperation.Snapshots.class, name = "snapshots"),
    @JsonSubTypes.Type(value = StorageOperation.Usage.class, name = "usage"),
    @JsonSubTypes.Type(value = StorageOperation.Check.class, name = "check"),
    @JsonSubTypes.Type(value = StorageOperation.Build.class, name = "build"),
    @JsonSubTypes.Type(value = StorageOperation.Probe.class, name = "probe"),
    @JsonSubTypes.Type(value = TransferOperation.Pull.class, name = "pull"),
    @JsonSubTypes.Type(value = TransferOperation.Push.class, name = "push"),
    @JsonSubTypes.Type(value = TransferOperation.Save.class, name = "save"),
    @JsonSubTypes.Type(value = TransferOperation.Load.class, name = "load"),
    @JsonSubTypes.Type(value = TransferOperation.Follow.class, name = "transfer"),
    @JsonSubTypes.Type(value = TransferOperation.Cancel.class, name = "transfer-cancel"),
    @JsonSubTypes.Type(value = TransferOperation.Resolve.class, name = "resolve")
})
public sealed interface StorageOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<StorageOperation<?>> CONTRACT =
            new Contract<>("storage.v1", (Class) StorageOperation.class);

    /** Operations that move whole images: {@link TransferOperation}. */
    sealed interface Moving<R> extends StorageOperation<R> permits TransferOperation {}

    /**
     * Makes the writable layer of a container over an image (idempotent by container id); with
     * planOnly, only says how.
     */
    record Prepare(String containerId, String image, boolean planOnly)
            implements StorageOperation<StorageResult.Prepared> {
        /** Checks the request; absent parts are empty. */
        public Prepare {
            Names.check("container id", containerId);
            References.check(image);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<StorageResult.Prepared> resultType() {
            return StorageResult.Prepared.class;
        }
    }

    /**
     * Shows an image, read-only, to a container that has a writable layer (idempotent by both);
     * removing that layer ends it. With planOnly, only says how.
     */
    record View(String containerId, String image, boolean planOnly)
            implements StorageOperation<StorageResult.Viewed> {
        /** Checks the request. */
        public View {
            Names.check("container id", containerId);
            References.check(image);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<StorageResult.Viewed> resultType() {
            return StorageResult.Viewed.class;
        }
    }

    /** The root of a prepared container, described again. */
    record Mounts(String containerId) implements StorageOperation<StorageResult.Prepared> {
        /** Checks the request; absent parts are empty. */
        public Mounts {
            Names.check("container id", containerId);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<StorageResult.Prepared> resultType() {
            return StorageResult.Prepared.class;
        }
    }

    /** Removes a container's writable layer. An absent one is no error. */
    record Remove(String containerId) implements StorageOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Remove {
            Names.check("container id", containerId);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** What a container changed over its image. */
    record Diff(String containerId) implements StorageOperation<StorageResult.Changes> {
        /** Checks the request; absent parts are empty. */
        public Diff {
            Names.check("container id", containerId);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<StorageResult.Changes> resultType() {
            return StorageResult.Changes.class;
        }
    }

    /**
     * Makes an image of a container's changes over its image.
     *
     * @param reference its name; absent: it has none
     * @param author stands in its configuration and history, if it is not empty
     * @param config {@code config} of the new image's configuration as a whole (image-spec
     *     config.md); absent: the one that the image has
     */
    record Commit(
            String containerId,
            Optional<String> reference,
            String comment,
            String author,
            Optional<ObjectNode> config)
            implements StorageOperation<StorageResult.Image> {
        /** Checks the request; absent parts are empty. */
        public Commit {
            Names.check("container id", containerId);
            reference = Absent.orEmpty(reference);
            reference.ifPresent(References::check);
            comment = Absent.orEmpty(comment);
            author = Absent.orEmpty(author);
            config = Absent.orEmpty(config);
        }

        /** With the configuration that the image has. */
        public Commit(String containerId, String reference, String comment) {
            this(containerId, Optional.of(reference), comment, "", Optional.empty());
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<StorageResult.Image> resultType() {
            return StorageResult.Image.class;
        }
    }

    /**
     * Makes an image of a root file system (directory or tar, plain, gzip or zstd) or takes those
     * of an OCI image layout directory. The path is of the host, absolute; nothing is written
     * there.
     */
    record Import(
            String path, Optional<String> reference, Optional<ImageConfig> config, String comment)
            implements StorageOperation<StorageResult.Images> {
        /** Checks the request; absent parts are empty. */
        public Import {
            comment = Absent.orEmpty(comment);
            reference = Absent.orEmpty(reference);
            config = Absent.orEmpty(config);
            reference.ifPresent(References::check);
            if (path == null || !path.startsWith("/")) {
                throw FaultException.invalid("path %s is not absolute", Names.quote(path));
            }
        }

        /** Without a comment. */
        public Import(String path, Optional<String> reference, Optional<ImageConfig> config) {
            this(path, reference, config, "");
        }

        @Override
        public String subject() {
            return path;
        }

        @Override
        public Class<StorageResult.Images> resultType() {
            return StorageResult.Images.class;
        }
    }

    /**
     * Writes the files of a container (its image's and what it changed), mounts left out, as a tar
     * into a stream unix socket that the caller listens on.
     */
    record Export(String containerId, String socket) implements StorageOperation<Done> {
        /** Checks the request. */
        public Export {
            Names.check("container id", containerId);
            if (socket == null || !socket.startsWith("/") || socket.indexOf('\0') >= 0) {
                throw FaultException.invalid("socket %s is not absolute", Names.quote(socket));
            }
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Makes the image host-shell of the host's own shell and tools, if it is not there. */
    record HostShell(boolean rebuild) implements StorageOperation<StorageResult.Image> {
        @Override
        public String subject() {
            return "host-shell";
        }

        @Override
        public Class<StorageResult.Image> resultType() {
            return StorageResult.Image.class;
        }
    }

    /** All images. */
    record Images() implements StorageOperation<StorageResult.Images> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<StorageResult.Images> resultType() {
            return StorageResult.Images.class;
        }
    }

    /** One image, by reference, id or unique prefix of an id. */
    record Inspect(String image) implements StorageOperation<StorageResult.Image> {
        /** Checks the request; absent parts are empty. */
        public Inspect {
            References.check(image);
        }

        @Override
        public String subject() {
            return image;
        }

        @Override
        public Class<StorageResult.Image> resultType() {
            return StorageResult.Image.class;
        }
    }

    /** Gives an image a further name. */
    record Tag(String image, String reference) implements StorageOperation<StorageResult.Image> {
        /** Checks the request; absent parts are empty. */
        public Tag {
            References.check(image);
            References.check(reference);
        }

        @Override
        public String subject() {
            return image;
        }

        @Override
        public Class<StorageResult.Image> resultType() {
            return StorageResult.Image.class;
        }
    }

    /**
     * Removes a name, and with the last name the image and the layers that nothing else needs; by
     * id, all names. FAILED_PRECONDITION while a container stands on it, and by id where it has
     * names in several repositories.
     *
     * @param force by id with all its names; an image on which a container stands loses its names
     *     and is kept without one
     */
    record RemoveImage(String image, boolean force)
            implements StorageOperation<StorageResult.Removed> {
        /** Checks the request; absent parts are empty. */
        public RemoveImage {
            References.check(image);
        }

        /** Without force. */
        public RemoveImage(String image) {
            this(image, false);
        }

        @Override
        public String subject() {
            return image;
        }

        @Override
        public Class<StorageResult.Removed> resultType() {
            return StorageResult.Removed.class;
        }
    }

    /** The layers of an image and the commands that made them, newest first. */
    record History(String image) implements StorageOperation<StorageResult.Histories> {
        /** Checks the request; absent parts are empty. */
        public History {
            References.check(image);
        }

        @Override
        public String subject() {
            return image;
        }

        @Override
        public Class<StorageResult.Histories> resultType() {
            return StorageResult.Histories.class;
        }
    }

    /**
     * Makes a named volume; one that exists is no error, unless other options are asked for than it
     * has: ALREADY_EXISTS.
     *
     * @param options {@code type=none}, {@code o=bind[,rw]} and {@code device=PATH}: the volume is
     *     a directory of the host, as Docker's {@code local} driver has it
     */
    record VolumeCreate(String name, Map<String, String> labels, Map<String, String> options)
            implements StorageOperation<StorageResult.Volume> {
        /** Checks the request; absent parts are empty. */
        public VolumeCreate {
            Names.check("volume name", name);
            labels = Absent.orEmpty(labels);
            options = Absent.orEmpty(options);
        }

        /** Without options. */
        public VolumeCreate(String name, Map<String, String> labels) {
            this(name, labels, Map.of());
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<StorageResult.Volume> resultType() {
            return StorageResult.Volume.class;
        }
    }

    /**
     * Copies what a container's image has in a directory into a volume that is empty: files,
     * owners, modes, those of the directory itself too. A volume that has something in it stays as
     * it is, also where the image has no such directory.
     *
     * @param containerId one that is prepared; what it has changed itself is not looked at
     * @param path of the directory; links in it are followed within the image
     */
    record VolumeFill(String name, String containerId, String path)
            implements StorageOperation<Done> {
        /** Checks the request. */
        public VolumeFill {
            Names.check("volume name", name);
            Names.check("container id", containerId);
            if (path == null || !path.startsWith("/")) {
                throw FaultException.invalid(
                        "path %s in the image is not absolute", Names.quote(String.valueOf(path)));
            }
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** All named volumes. */
    record Volumes() implements StorageOperation<StorageResult.VolumeList> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<StorageResult.VolumeList> resultType() {
            return StorageResult.VolumeList.class;
        }
    }

    /** Removes a named volume and what is in it. */
    record VolumeRemove(String name) implements StorageOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public VolumeRemove {
            Names.check("volume name", name);
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** The containers that have a writable layer, by id. */
    record Snapshots() implements StorageOperation<StorageResult.SnapshotList> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<StorageResult.SnapshotList> resultType() {
            return StorageResult.SnapshotList.class;
        }
    }

    /** What {@link Usage} may be asked of. */
    enum Stored {
        SNAPSHOTS,
        LAYERS,
        VOLUMES
    }

    /**
     * What is stored takes of the disk. Snapshots and volumes are walked through for it.
     *
     * @param of what is of interest; nothing named means all
     */
    record Usage(List<Stored> of) implements StorageOperation<StorageResult.DiskUsage> {
        /** Nothing named is all. */
        public Usage {
            of = of == null || of.isEmpty() ? List.of(Stored.values()) : List.copyOf(of);
        }

        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<StorageResult.DiskUsage> resultType() {
            return StorageResult.DiskUsage.class;
        }
    }

    /**
     * Looks whether all that is stored is whole, as fsck(8) does: every blob against its digest,
     * every unpacked layer against its blob, file by file.
     *
     * @param repair mend what can be mended: layers from their blobs, leftovers by removal. What
     *     cannot be is named with what to do about it.
     * @param running containers whose root may be mounted: layers below them are not exchanged.
     *     Absent: any container may be
     */
    record Check(boolean repair, Optional<List<String>> running)
            implements StorageOperation<StorageResult.Checked> {
        /** Checks the ids. */
        public Check {
            running = Absent.orEmpty(running).map(List::copyOf);
            running.ifPresent(ids -> ids.forEach(id -> Names.check("container id", id)));
        }

        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<StorageResult.Checked> resultType() {
            return StorageResult.Checked.class;
        }
    }

    /** A step of the build of an image. */
    record Build<R>(BuildStep<R> step) implements StorageOperation<R> {
        /** Checks that there is one. */
        public Build {
            Objects.requireNonNull(step, "step");
        }

        @Override
        public String subject() {
            return step.subject();
        }

        @Override
        public Class<R> resultType() {
            return step.resultType();
        }
    }

    /** Where and how this host stores images. */
    record Probe() implements StorageOperation<StorageResult.Host> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<StorageResult.Host> resultType() {
            return StorageResult.Host.class;
        }
    }
}
