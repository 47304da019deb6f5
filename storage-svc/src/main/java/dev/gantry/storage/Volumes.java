package dev.gantry.storage;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.storage.StorageResult.Finding;
import dev.gantry.bus.contract.storage.StorageResult.Volume;
import dev.gantry.bus.contract.storage.StorageResult.VolumeList;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.content.Events;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;
import dev.gantry.storage.kernel.TreeUsage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Named volumes, {@code volumes/<name>/data}, each with its record {@code volume.json}. */
final class Volumes {
    private static final String RECORD = "volume.json";
    private final StorageKernel kernel;
    private final StoreFiles files;
    private final Trash trash;
    private final Events events;
    private final Directory volumes;
    private final VolumeFilling filling;

    Volumes(
            StorageKernel kernel,
            StoreFiles files,
            Trash trash,
            VolumeFilling filling,
            Events events) {
        this.kernel = kernel;
        this.files = files;
        this.trash = trash;
        this.events = events;
        this.volumes = Directory.open(kernel, files.volumes());
        this.filling = filling;
        for (var name : volumes.names()) {
            try (var volume = volumes.descend(name)) {
                filling.finish(volume);
            }
        }
    }

    /** Makes a volume without options. */
    Volume create(String name, Map<String, String> labels) {
        return create(name, labels, Map.of());
    }

    /** Makes a volume, root's, mode 0755; the one of that name if it exists. */
    synchronized Volume create(
            String name, Map<String, String> labels, Map<String, String> options) {
        var kind = VolumeOptions.of(name, options, () -> FileSystems.of(volumes));
        var existing = find(name);
        if (existing.isPresent()) {
            if (!options.isEmpty() && !options.equals(existing.get().options())) {
                throw FaultException.of(
                        FaultCode.ALREADY_EXISTS,
                        "volume %s has the options %s, not %s",
                        name,
                        existing.get().options(),
                        options);
            }
            return existing.get();
        }
        var path = files.volumes().resolve(name);
        var volume =
                new Volume(
                        name,
                        kind.device().orElse(path.resolve(VolumeFilling.DATA).toString()),
                        Instant.now().getEpochSecond(),
                        labels,
                        options);
        try {
            var fresh = files.fresh("volume");
            Files.createDirectory(fresh);
            try (var directory = Directory.open(kernel, fresh)) {
                kernel.mkdirat(directory.fd(), VolumeFilling.DATA, 0755)
                        .orThrow("mkdirat %s/data", path);
                kernel.fchownat(directory.fd(), VolumeFilling.DATA, 0, 0)
                        .orThrow("fchownat %s/data", path);
                kernel.fchmodat(directory.fd(), VolumeFilling.DATA, 0755)
                        .orThrow("fchmodat %s/data", path);
            }
            files.replace(fresh.resolve(RECORD), Json.mapper().writeValueAsBytes(volume));
            Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
            StoreFiles.sync(files.volumes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        events.publish("volume-created", name, Map.of());
        return volume;
    }

    /** Makes a volume with an owner and a mode, or takes the one of that name; its path. */
    synchronized String make(String name, long uid, long gid, int mode) {
        if (find(name).isEmpty()) {
            create(name, Map.of());
            try (var volume = volumes.descend(name)) {
                kernel.fchownat(volume.fd(), VolumeFilling.DATA, uid, gid)
                        .orThrow("fchownat %s %d:%d", volume.at(VolumeFilling.DATA), uid, gid);
                kernel.fchmodat(volume.fd(), VolumeFilling.DATA, mode)
                        .orThrow("fchmodat %s %o", volume.at(VolumeFilling.DATA), mode);
            }
        }
        return files.volumes().resolve(name).resolve(VolumeFilling.DATA).toString();
    }

    /** Fills a volume that is empty with a directory of an image's layers. */
    synchronized Done fill(String name, LayerStack image, String path) {
        var found = find(name);
        if (found.isEmpty()) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no such volume: %s", name);
        }
        if (!found.get().options().isEmpty()) {
            return Done.nothing(); // A directory of the host is the host's to fill.
        }
        var steps = new Steps(false);
        try (var volume = volumes.descend(name)) {
            steps.run(
                    "copy",
                    path + " of the image to " + volume.at(VolumeFilling.DATA) + ", if it is empty",
                    "cp -a ROOTFS"
                            + Steps.quote(path)
                            + "/. "
                            + Steps.quote(volume.at(VolumeFilling.DATA)),
                    () -> new SyscallResult(filling.fill(volume, image, path) ? 1 : 0, 0));
        }
        return new Done(steps.list());
    }

    private Optional<Volume> find(String name) {
        var record = files.volumes().resolve(name).resolve(RECORD);
        try {
            return Files.exists(record) ? Optional.of(read(record)) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Volume read(Path record) throws IOException {
        return Json.mapper().readValue(record.toFile(), Volume.class);
    }

    /** All volumes, by name. */
    VolumeList list() {
        var all = new ArrayList<Volume>();
        volumes.names().forEach(name -> find(name).ifPresent(all::add));
        return new VolumeList(all);
    }

    /** What a volume takes of the disk; empty if there is none of that name. */
    Optional<TreeUsage.Sum> usage(String name) {
        return volumes.find(name + "/" + VolumeFilling.DATA)
                .map(
                        data -> {
                            try (data) {
                                return TreeUsage.of(data);
                            }
                        });
    }

    /**
     * Looks for volumes whose record or whose data is missing.
     *
     * @param repair write records anew
     * @return how many there are
     */
    synchronized long check(boolean repair, List<Finding> findings) {
        var names = volumes.names();
        for (var name : names) {
            if (volumes.stat(name + "/" + VolumeFilling.DATA).isEmpty()) {
                findings.add(
                        new Finding(
                                "volume", name, "its data is missing", "remove the volume", false));
            } else if (!isRecorded(name)) {
                if (repair) {
                    record(name);
                }
                findings.add(
                        new Finding(
                                "volume",
                                name,
                                "its record is missing or broken",
                                "write it anew, without labels",
                                repair));
            }
        }
        return names.size();
    }

    private boolean isRecorded(String name) {
        try {
            return find(name).isPresent();
        } catch (UncheckedIOException e) {
            return false; // Not readable as JSON, or not at all.
        }
    }

    private void record(String name) {
        var path = files.volumes().resolve(name);
        try {
            var data = path.resolve(VolumeFilling.DATA);
            long changed = Files.getLastModifiedTime(data).toInstant().getEpochSecond();
            var volume = new Volume(name, data.toString(), changed, Map.of());
            files.replace(path.resolve(RECORD), Json.mapper().writeValueAsBytes(volume));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes a volume and what is in it; an absent one is no error. */
    synchronized Done remove(String name) {
        if (volumes.stat(name).isEmpty()) {
            return Done.nothing();
        }
        var path = files.volumes().resolve(name);
        var steps = new Steps(false);
        steps.run(
                "rename",
                path + " to " + files.trash(),
                "rm -rf " + Steps.quote(path.toString()),
                () -> {
                    trash.discard(volumes, name);
                    return new SyscallResult(0, 0);
                });
        events.publish("volume-removed", name, Map.of());
        return new Done(steps.list());
    }

    /** Gives its descriptor back. */
    void close() {
        volumes.close();
    }
}
