package dev.gantry.storage.content;

import com.github.luben.zstd.ZstdIOException;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.LayerUnpacker;
import dev.gantry.storage.archive.MeteredInput;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;
import dev.gantry.storage.kernel.TreeRemoval;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipException;

/**
 * Unpacked layers, {@code layers/<chain id>/fs}. A layer appears there by a rename, when its digest
 * and its diff id were verified and its files synced.
 */
public final class Layers {
    private final StorageKernel kernel;
    private final StoreFiles files;
    private final ContentStore content;
    private final Trash trash;
    private final LayerLimits limits;

    /** Over the store's directories and content. */
    public Layers(
            StorageKernel kernel,
            StoreFiles files,
            ContentStore content,
            Trash trash,
            LayerLimits limits) {
        this.kernel = kernel;
        this.files = files;
        this.content = content;
        this.trash = trash;
        this.limits = limits;
    }

    /** The chain id of a layer over others. */
    static String chainId(List<Layer> below, String diffId) {
        return below.isEmpty()
                ? diffId
                : Digests.of(
                        (below.getLast().chainId() + " " + diffId)
                                .getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Unpacks a blob of the content store over the layers below it, unless that was done before.
     *
     * @param expected the diff id that the configuration names; empty if it is to be found out
     */
    public Layer unpack(Descriptor blob, Optional<String> expected, List<Layer> below)
            throws IOException {
        var known = expected.flatMap(diffId -> find(chainId(below, diffId)));
        if (known.isPresent() && known.get().blob().equals(blob.digest())) {
            return known.get();
        }
        var work = files.fresh("layer");
        Files.createDirectory(work);
        Files.createDirectory(work.resolve("fs"));
        try {
            return unpack(blob, expected, below, work);
        } catch (EOFException | ZipException | ZstdIOException e) {
            throw damaged(blob, e);
        } finally {
            discard(work);
        }
    }

    private Layer unpack(Descriptor blob, Optional<String> expected, List<Layer> below, Path work)
            throws IOException {
        var compression = Compression.ofMediaType(blob.mediaType());
        LayerUnpacker.Report report;
        String diffId;
        try (var packed = content.open(blob.digest());
                var tar = new MeteredInput(compression.unpack(packed), blob.size(), limits);
                var root = Directory.open(kernel, work.resolve("fs"));
                var stack = stack(below)) {
            report = LayerUnpacker.unpack(tar, root, limits, stack::stat);
            diffId = tar.digest();
            if (expected.isPresent() && !expected.get().equals(diffId)) {
                throw FaultException.invalid(
                        "layer %s unpacks to %s, the configuration says %s",
                        blob.digest(), diffId, expected.get());
            }
            kernel.syncfs(root.fd()).orThrow("syncfs %s", work);
        }
        var layer =
                new Layer(
                        chainId(below, diffId),
                        diffId,
                        blob.digest(),
                        report.bytes(),
                        report.opaqueRoot(),
                        report.notes());
        publish(layer, work);
        return layer;
    }

    private synchronized void publish(Layer layer, Path work) throws IOException {
        if (find(layer.chainId()).isPresent()) {
            return;
        }
        files.replace(work.resolve("layer.json"), Json.mapper().writeValueAsBytes(layer));
        Files.move(work, directory(layer.chainId()), StandardCopyOption.ATOMIC_MOVE);
        StoreFiles.sync(files.layers());
    }

    private static FaultException damaged(Descriptor blob, IOException e) {
        return new FaultException(
                FaultException.invalid("layer %s is damaged: %s", blob.digest(), e.getMessage())
                        .fault(),
                e);
    }

    private void discard(Path work) {
        try (var tmp = Directory.open(kernel, files.tmp())) {
            TreeRemoval.remove(tmp, work.getFileName().toString());
        }
    }

    /** Takes a layer away that nothing needs. */
    void discardLater(Path layer) {
        try (var all = Directory.open(kernel, files.layers())) {
            trash.discard(all, Raw.of(layer.getFileName().toString()));
        }
    }

    /** A layer, if it is unpacked. */
    public Optional<Layer> find(String chainId) {
        var record = directory(chainId).resolve("layer.json");
        try {
            return Files.exists(record)
                    ? Optional.of(Json.mapper().readValue(record.toFile(), Layer.class))
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Directories of these layers (lowest first) as overlayfs wants them: topmost first. */
    public List<String> lowerdirs(List<Layer> layers) {
        var directories = new ArrayList<String>();
        for (var layer : layers.reversed()) {
            directories.add(directory(layer.chainId()).resolve("fs").toString());
            if (layer.opaqueRoot()) {
                break;
            }
        }
        return directories;
    }

    /** These layers (lowest first) as one tree. */
    public LayerStack stack(List<Layer> layers) {
        var roots = new ArrayList<Directory>();
        for (var path : lowerdirs(layers)) {
            roots.add(Directory.open(kernel, Path.of(path)));
        }
        return new LayerStack(roots);
    }

    private Path directory(String chainId) {
        return files.layers().resolve(Digests.hex(chainId));
    }
}
