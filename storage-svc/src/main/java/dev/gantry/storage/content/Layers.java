package dev.gantry.storage.content;

import com.fasterxml.jackson.core.JacksonException;
import com.github.luben.zstd.ZstdIOException;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Compression;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.LayerUnpacker;
import dev.gantry.storage.archive.MeteredInput;
import dev.gantry.storage.archive.ReadAhead;
import dev.gantry.storage.archive.TreeComparison;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.Raw;
import dev.gantry.storage.kernel.StorageKernel;
import dev.gantry.storage.kernel.TreeRemoval;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.zip.ZipException;

/**
 * Unpacked layers, {@code layers/<chain id>/fs}. A layer appears there by a rename, when its digest
 * and its diff id were verified; it is synced before an image names it. Who unpacks holds a lease
 * ({@link Images#lease}).
 */
public final class Layers {
    private static final System.Logger LOG = System.getLogger(Layers.class.getName());

    private static final String RECORD = "layer.json";

    private final StorageKernel kernel;
    private final StoreFiles files;
    private final ContentStore content;
    private final Trash trash;
    private final LayerLimits limits;
    private final StoreSync sync;
    private final Set<String> suspects = ConcurrentHashMap.newKeySet();
    private final Map<String, ReentrantLock> unpacking = new ConcurrentHashMap<>();

    /** Over the store's directories and content. */
    public Layers(
            StorageKernel kernel,
            StoreFiles files,
            ContentStore content,
            Trash trash,
            LayerLimits limits,
            StoreSync sync) {
        this.kernel = kernel;
        this.files = files;
        this.content = content;
        this.trash = trash;
        this.limits = limits;
        this.sync = sync;
    }

    /** The chain id of a layer over others. */
    static String chainId(List<Layer> below, String diffId) {
        return Below.of(below).chainId(diffId);
    }

    /**
     * Unpacks blobs of the content store over each other, several at a time, those that are not
     * unpacked yet.
     *
     * @param blobs lowest first
     * @param diffIds that the configuration names
     */
    public List<Layer> unpack(List<Descriptor> blobs, List<String> diffIds) throws IOException {
        var chains = new ArrayList<Optional<String>>(List.of(Optional.empty()));
        for (var diffId : diffIds) {
            var below = new Below(chains.getLast(), List::of);
            chains.add(Optional.of(below.chainId(diffId)));
        }
        return ParallelUnpacking.all(
                blobs.size(),
                i -> known(blobs.get(i), chains.get(i + 1).orElseThrow()),
                (i, below) ->
                        once(
                                blobs.get(i),
                                chains.get(i + 1).orElseThrow(),
                                diffIds.get(i),
                                new Below(chains.get(i), below)));
    }

    private Optional<Layer> known(Descriptor blob, String chainId) {
        content.leases().keep(directory(chainId));
        return find(chainId).filter(layer -> layer.blob().equals(blob.digest()));
    }

    /**
     * Unpacks a blob of the content store over the layers below it, unless that was done before.
     *
     * @param expected the diff id that the configuration names; empty if it is to be found out
     */
    public Layer unpack(Descriptor blob, Optional<String> expected, List<Layer> below)
            throws IOException {
        if (expected.isEmpty()) {
            return unpackNow(blob, expected, Below.of(below));
        }
        return once(blob, chainId(below, expected.get()), expected.get(), Below.of(below));
    }

    /** Who wants the same layer at the same time waits for it, and finds it. */
    private Layer once(Descriptor blob, String chainId, String diffId, Below below)
            throws IOException {
        var once = unpacking.computeIfAbsent(chainId, id -> new ReentrantLock());
        try {
            once.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("unpacking was given up");
        }
        try {
            var known = known(blob, chainId);
            return known.isPresent() ? known.get() : unpackNow(blob, Optional.of(diffId), below);
        } finally {
            once.unlock();
            if (!once.hasQueuedThreads()) {
                unpacking.remove(chainId, once);
            }
        }
    }

    private Layer unpackNow(Descriptor blob, Optional<String> expected, Below below)
            throws IOException {
        return unpacked(
                blob,
                expected,
                below,
                (layer, work) -> {
                    content.leases().keep(directory(layer.chainId()));
                    publish(layer, work);
                    return layer;
                });
    }

    /** What to do with a layer that is unpacked, but has no name yet. */
    private interface Use<R> {
        R of(Layer layer, Path work) throws IOException;
    }

    private <R> R unpacked(Descriptor blob, Optional<String> expected, Below below, Use<R> use)
            throws IOException {
        var work = files.freshLayer();
        Files.createDirectory(work);
        Files.createDirectory(work.resolve("fs"));
        try {
            return use.of(unpack(blob, expected, below, work), work);
        } catch (EOFException | ZipException | ZstdIOException e) {
            throw damaged(blob, e);
        } finally {
            discard(work);
        }
    }

    private Layer unpack(Descriptor blob, Optional<String> expected, Below below, Path work)
            throws IOException {
        var compression = Compression.ofMediaType(blob.mediaType());
        // What is not packed need not be digested again while it is digested as it comes.
        var arrival = content.arrival(blob).filter(a -> compression == Compression.NONE);
        LayerUnpacker.Report report;
        String diffId;
        try (var packed = content.open(blob.digest());
                var tar =
                        arrival.isPresent()
                                ? MeteredInput.undigested(packed, blob.size(), limits)
                                : new MeteredInput(
                                        compression.unpack(packed), blob.size(), limits);
                var ahead = new ReadAhead(tar);
                var root = Directory.open(kernel, work.resolve("fs"));
                var stack = new LazyStack(below)) {
            report = LayerUnpacker.unpack(ahead, root, limits, stack::stat);
            diffId = arrival.isPresent() ? blob.digest() : tar.digest();
            if (expected.isPresent() && !expected.get().equals(diffId)) {
                throw FaultException.invalid(
                        "layer %s unpacks to %s, the configuration says %s",
                        blob.digest(), diffId, expected.get());
            }
            if (arrival.isPresent()) {
                arrival.get().awaitWhole();
            } else {
                content.settle(blob.digest());
            }
        }
        var layer =
                new Layer(
                        below.chainId(diffId),
                        diffId,
                        blob.digest(),
                        report.bytes(),
                        report.opaqueRoot(),
                        report.notes());
        Files.write(work.resolve(RECORD), Json.mapper().writeValueAsBytes(layer));
        return layer;
    }

    /**
     * What lies below a layer.
     *
     * @param chain its chain id, if there is anything
     * @param layers waits for those that are being unpacked
     */
    private record Below(Optional<String> chain, Supplier<List<Layer>> layers) {
        static Below of(List<Layer> layers) {
            return new Below(
                    layers.isEmpty() ? Optional.empty() : Optional.of(layers.getLast().chainId()),
                    () -> layers);
        }

        String chainId(String diffId) {
            return chain.map(id -> Digests.of((id + " " + diffId).getBytes(StandardCharsets.UTF_8)))
                    .orElse(diffId);
        }
    }

    /** Opened when somebody asks: few layers imply directories that they do not list. */
    private final class LazyStack implements AutoCloseable {
        private final Below below;
        private LayerStack stack;

        LazyStack(Below below) {
            this.below = below;
        }

        Optional<FileStat> stat(String path) {
            if (stack == null) {
                stack = stack(below.layers().get());
            }
            return stack.stat(path);
        }

        @Override
        public void close() {
            if (stack != null) {
                stack.close();
            }
        }
    }

    private synchronized void publish(Layer layer, Path work) throws IOException {
        if (find(layer.chainId()).isEmpty()) {
            exchange(layer, work);
        }
    }

    /** The machine went down with the store open: layers are compared before they are used. */
    void suspectAll() {
        all().forEach(layer -> suspects.add(layer.chainId()));
    }

    /**
     * Makes sure, once after a power loss, that these layers are what their blobs say; those that
     * are not are unpacked again. No container runs yet that could stand on them.
     *
     * @param blobs of the layers, in their order
     */
    void assure(List<Descriptor> blobs, List<Layer> layers) throws IOException {
        if (suspects.isEmpty()) {
            return;
        }
        synchronized (suspects) {
            for (int i = 0; i < layers.size(); i++) {
                var layer = layers.get(i);
                if (suspects.contains(layer.chainId())) {
                    var problem = compare(blobs.get(i), layer, layers.subList(0, i), true);
                    problem.ifPresent(
                            what ->
                                    LOG.log(
                                            System.Logger.Level.ERROR,
                                            "layer {0} was broken by the power loss and is"
                                                    + " unpacked again: {1}",
                                            layer.chainId(),
                                            what));
                    suspects.remove(layer.chainId());
                }
            }
        }
    }

    /**
     * Unpacks a layer once more and compares, file by file.
     *
     * @param replace put the new one in place of the old one if they differ
     * @return the first difference
     */
    Optional<String> compare(Descriptor blob, Layer layer, List<Layer> below, boolean replace)
            throws IOException {
        return unpacked(
                blob,
                Optional.of(layer.diffId()),
                Below.of(below),
                (again, work) -> {
                    var difference = difference(layer, work);
                    if (difference.isPresent() && replace) {
                        sync.run();
                        exchange(layer, work);
                        StoreFiles.sync(files.layers());
                    }
                    return difference;
                });
    }

    private Optional<String> difference(Layer layer, Path work) {
        var there = directory(layer.chainId());
        if (find(layer.chainId()).isEmpty()) {
            return Optional.of("its record is missing");
        }
        if (!Files.isDirectory(there.resolve("fs"))) {
            return Optional.of("its directory is missing");
        }
        try (var expected = Directory.open(kernel, work.resolve("fs"));
                var found = Directory.open(kernel, there.resolve("fs"))) {
            return TreeComparison.difference(expected, found);
        }
    }

    private void exchange(Layer layer, Path work) throws IOException {
        var name = Digests.hex(layer.chainId());
        try (var unpacking = Directory.open(kernel, files.unpacking());
                var all = Directory.open(kernel, files.layers())) {
            var fresh = work.getFileName().toString();
            if (all.stat(name).isEmpty()) {
                kernel.renameat2(
                                unpacking.fd(),
                                fresh,
                                all.fd(),
                                name,
                                StorageKernel.RENAME_NOREPLACE)
                        .orThrow("renameat2 %s to %s", unpacking.at(fresh), all.at(name));
            } else {
                kernel.renameat2(
                                unpacking.fd(),
                                fresh,
                                all.fd(),
                                name,
                                StorageKernel.RENAME_EXCHANGE)
                        .orThrow("renameat2 %s and %s", unpacking.at(fresh), all.at(name));
            }
        }
    }

    private static FaultException damaged(Descriptor blob, IOException e) {
        return new FaultException(
                FaultException.invalid("layer %s is damaged: %s", blob.digest(), e.getMessage())
                        .fault(),
                e);
    }

    private void discard(Path work) {
        try (var unpacking = Directory.open(kernel, files.unpacking())) {
            TreeRemoval.remove(unpacking, work.getFileName().toString());
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
        var record = directory(chainId).resolve(RECORD);
        try {
            return Files.exists(record)
                    ? Optional.of(Json.mapper().readValue(record.toFile(), Layer.class))
                            .filter(layer -> layer.chainId().equals(chainId))
                    : Optional.empty();
        } catch (JacksonException e) {
            // It is as good as none: the layer is unpacked again.
            LOG.log(System.Logger.Level.ERROR, "{0} is broken: {1}", record, e.getMessage());
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All layers whose record can be read. */
    List<Layer> all() {
        try (var names = Files.list(files.layers())) {
            return names.flatMap(path -> find("sha256:" + path.getFileName()).stream()).toList();
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

    /** Where a layer is. */
    Path directory(String chainId) {
        return files.layers().resolve(Digests.hex(chainId));
    }
}
