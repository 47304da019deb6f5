package dev.gantry.storage;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Changes;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Prepared;
import dev.gantry.bus.contract.storage.StorageResult.SnapshotUsage;
import dev.gantry.bus.contract.storage.StorageResult.Viewed;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.bus.linux.SyscallResult;
import dev.gantry.storage.archive.ChangedTree;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.TreePacker;
import dev.gantry.storage.build.LayerUppers;
import dev.gantry.storage.content.ImageMaker;
import dev.gantry.storage.content.ImageMaker.Recipe;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.Layer;
import dev.gantry.storage.content.Manifest;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.FileStat;
import dev.gantry.storage.kernel.StorageKernel;
import dev.gantry.storage.kernel.TreeUsage;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Snapshots of images: {@code snapshots/<container>/} holds the root as its {@link RootDriver}
 * makes it and the symbolic link {@code image}, whose target is the digest of the image's manifest.
 * The link is the whole record: the kernel writes it at once or not, so no fsync is needed and none
 * torn is found. A snapshot stays what it is when another driver is chosen.
 */
final class ImageSnapshotter implements Snapshotter, LayerUppers {
    private static final String RECORD = "image";
    private static final int MAX_ACCOUNTS = 1 << 20;

    private final StorageKernel kernel;
    private final Images images;
    private final Trash trash;
    private final Directory snapshots;
    private final Directory tmp;
    private final StoreFiles files;
    private final RootDriver driver;
    private final FreshDirectory fresh;
    private final ImageViews views;
    private final Map<String, Base> bases = new ConcurrentHashMap<>();

    ImageSnapshotter(
            StorageKernel kernel, StoreFiles files, Images images, Trash trash, RootDriver driver) {
        this.driver = driver;
        this.kernel = kernel;
        this.images = images;
        this.trash = trash;
        this.files = files;
        this.snapshots = Directory.open(kernel, files.snapshots());
        this.tmp = Directory.open(kernel, files.tmp());
        this.fresh = new FreshDirectory(kernel, files, trash, tmp);
        this.views = new ImageViews(kernel, images, files, snapshots, fresh, driver);
    }

    /** What is the same for all containers of an image. */
    private record Base(List<String> lowerdirs, FileStat root, Accounts accounts) {}

    /** Users and groups, as text. */
    private record Accounts(String passwd, String group) {}

    @Override
    public Prepared prepare(String containerId, String image, boolean planOnly) {
        return images.with(image, stored -> prepare(containerId, stored, planOnly));
    }

    private Prepared prepare(String containerId, StoredImage image, boolean planOnly) {
        var existing = imageOf(containerId);
        if (existing.isPresent()) {
            if (!existing.get().equals(image.digest())) {
                throw FaultException.of(
                        FaultCode.ALREADY_EXISTS,
                        "snapshot %s stands on image %s, not on %s",
                        containerId,
                        existing.get(),
                        image.digest());
            }
            return describe(containerId, image, List.of());
        }
        var base = base(image);
        var steps = make(containerId, image, base.root(), planOnly);
        return prepared(containerId, image, base.accounts(), steps, driver.copies());
    }

    private List<PlanStep> make(
            String containerId, StoredImage image, FileStat root, boolean planOnly) {
        var steps = new Steps(planOnly);
        var path = files.snapshots().resolve(containerId);
        Consumer<Directory> fill = in -> fill(steps, in, image, root, path);
        if (planOnly) {
            fresh.plan(steps, path, fill);
        } else if (!fresh.make(steps, snapshots, containerId, path, fill)) {
            return List.of();
        }
        return steps.list();
    }

    private void fill(Steps steps, Directory in, StoredImage image, FileStat root, Path path) {
        driver.fill(steps, in, image, root, path);
        var record = path.resolve(RECORD);
        steps.run(
                "symlink",
                record + " -> " + image.digest(),
                "ln -s " + image.digest() + " " + Steps.quote(record.toString()),
                () -> kernel.symlinkat(image.digest(), in.fd(), RECORD));
    }

    @Override
    public Viewed view(String containerId, String image, boolean planOnly) {
        if (!planOnly) {
            requireImageOf(containerId);
        }
        return images.with(
                image,
                stored ->
                        views.show(
                                containerId,
                                stored,
                                base(stored).root(),
                                lowerdirs(stored),
                                planOnly));
    }

    private Base base(StoredImage image) {
        return bases.computeIfAbsent(
                image.digest(),
                digest -> {
                    try (var stack = images.layers().stack(image.layers())) {
                        var root =
                                stack.stat("")
                                        .orElseThrow(
                                                () ->
                                                        FaultException.of(
                                                                FaultCode.UNSUPPORTED,
                                                                "image %s has no layers",
                                                                image.id()));
                        var lowerdirs = images.layers().lowerdirs(image.layers());
                        return new Base(lowerdirs, root, accounts(stack));
                    }
                });
    }

    private static Accounts accounts(LayerStack stack) {
        return new Accounts(text(stack, "etc/passwd"), text(stack, "etc/group"));
    }

    private static String text(LayerStack stack, String path) {
        return stack.read(path, MAX_ACCOUNTS).map(String::new).orElse("");
    }

    /** The manifest digest of the image a snapshot stands on; empty if there is no snapshot. */
    private Optional<String> imageOf(String containerId) {
        var link = kernel.readlinkat(snapshots.fd(), containerId + "/" + RECORD);
        return link.result().errno() == Errno.ENOENT
                ? Optional.empty()
                : Optional.of(
                        Names.checkDigest(
                                link.orThrow("readlinkat %s", snapshots.at(containerId))));
    }

    private StoredImage requireImageOf(String containerId) {
        var digest =
                imageOf(containerId)
                        .orElseThrow(
                                () ->
                                        FaultException.of(
                                                FaultCode.NOT_FOUND,
                                                "no snapshot of container %s",
                                                containerId));
        return images.byManifest(digest);
    }

    @Override
    public Prepared mounts(String containerId) {
        return describe(containerId, requireImageOf(containerId), List.of());
    }

    /** The container may have changed its users: they are read through its own layer. */
    private Prepared describe(String containerId, StoredImage image, List<PlanStep> steps) {
        try (var stack = new LayerStack(roots(containerId, image))) {
            // By what there is: the driver may have been another one when it was made.
            return prepared(containerId, image, accounts(stack), steps, isCopy(containerId));
        }
    }

    /** The directories that a container's root is merged of, topmost first. */
    private List<Directory> roots(String containerId, StoredImage image) {
        var roots = new ArrayList<Directory>();
        var copy = snapshots.find(containerId + "/" + CopiedRoots.ROOT);
        if (copy.isPresent()) {
            return List.of(copy.get());
        }
        roots.add(snapshots.descend(containerId + "/" + OverlayRoots.UPPER));
        for (var lower : images.layers().lowerdirs(image.layers())) {
            roots.add(Directory.open(kernel, Path.of(lower)));
        }
        return roots;
    }

    private boolean isCopy(String containerId) {
        return snapshots.stat(containerId + "/" + CopiedRoots.ROOT).isPresent();
    }

    private Prepared prepared(
            String containerId,
            StoredImage image,
            Accounts accounts,
            List<PlanStep> steps,
            boolean copy) {
        var path = files.snapshots().resolve(containerId);
        var rootfs = copy ? CopiedRoots.rootfs(path) : OverlayRoots.rootfs(path, lowerdirs(image));
        return new Prepared(
                containerId,
                rootfs,
                images.describe(image),
                accounts.passwd(),
                accounts.group(),
                steps);
    }

    private List<String> lowerdirs(StoredImage image) {
        var known = bases.get(image.digest());
        var lowerdirs =
                known == null ? images.layers().lowerdirs(image.layers()) : known.lowerdirs();
        if (lowerdirs.size() > Manifest.MAX_LAYERS) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "image %s has %d layers, the kernel takes %d",
                    image.id(),
                    lowerdirs.size(),
                    Manifest.MAX_LAYERS);
        }
        return lowerdirs;
    }

    @Override
    public Done remove(String containerId) {
        var steps = new Steps(false);
        var path = files.snapshots().resolve(containerId);
        if (imageOf(containerId).isEmpty()) {
            return Done.nothing();
        }
        steps.run(
                "rename",
                path + " to " + files.trash(),
                "rm -rf " + Steps.quote(path.toString()),
                () -> {
                    trash.discard(snapshots, containerId);
                    return new SyscallResult(0, 0);
                });
        return new Done(steps.list());
    }

    @Override
    public Changes diff(String containerId) {
        return with(
                containerId,
                (image, upper, below) -> new Changes(containerId, UpperDiff.between(upper, below)));
    }

    @Override
    public Image commit(StorageOperation.Commit commit) {
        var image = requireImageOf(commit.containerId());
        return with(commit.containerId(), (digest, upper, below) -> commit(commit, image, upper));
    }

    private Image commit(StorageOperation.Commit commit, StoredImage image, Directory upper) {
        var recipe =
                new Recipe(
                        Optional.of(image),
                        commit.config().map(image.document()::with).orElse(image.document()),
                        Instant.now(),
                        "commit " + commit.containerId(),
                        commit.comment(),
                        commit.author(),
                        commit.reference());
        return new ImageMaker(images)
                .makePacked(recipe, out -> TreePacker.pack(upper, out, true))
                .image();
    }

    @Override
    public <R> R with(String containerId, Use<R> use) {
        var image = requireImageOf(containerId);
        try (var below = images.layers().stack(image.layers())) {
            var copy = snapshots.find(containerId + "/" + CopiedRoots.ROOT);
            if (copy.isEmpty()) {
                try (var upper = snapshots.descend(containerId + "/" + OverlayRoots.UPPER)) {
                    return use.of(image.digest(), upper, below);
                }
            }
            try (var root = copy.get()) {
                return withChanges(root, below, upper -> use.of(image.digest(), upper, below));
            }
        }
    }

    /** What was changed in a copy, laid out aside as overlayfs would have it. */
    private <R> R withChanges(Directory root, LayerStack below, Function<Directory, R> use) {
        var fresh = files.fresh("changes").getFileName().toString();
        kernel.mkdirat(tmp.fd(), fresh, 0700).orThrow("mkdirat %s", tmp.at(fresh));
        try (var upper = tmp.descend(fresh)) {
            ChangedTree.layOut(root, below, upper);
            return use.apply(upper);
        } finally {
            trash.discard(tmp, fresh);
        }
    }

    /** The layers of a container's image, without what it has changed. */
    LayerStack imageStack(String containerId) {
        return images.layers().stack(requireImageOf(containerId).layers());
    }

    @Override
    public List<String> containers() {
        return snapshots.names();
    }

    @Override
    public Optional<SnapshotUsage> usage(String containerId) {
        var image = imageOf(containerId);
        var upper =
                snapshots
                        .find(containerId + "/" + CopiedRoots.ROOT)
                        .or(() -> snapshots.find(containerId + "/" + OverlayRoots.UPPER));
        if (image.isEmpty() || upper.isEmpty()) {
            return Optional.empty();
        }
        try (var directory = upper.get()) {
            return Optional.of(
                    new SnapshotUsage(
                            containerId, image.get(), DiskUse.size(TreeUsage.of(directory))));
        }
    }

    /** The layers that a container may have mounted; NOT_FOUND if there is no snapshot. */
    List<Layer> layers(String containerId) {
        var layers = new ArrayList<>(requireImageOf(containerId).layers());
        views.of(containerId).stream()
                .filter(images::isThere)
                .map(images::byManifest)
                .map(StoredImage::layers)
                .forEach(layers::addAll);
        return layers;
    }

    /** What is wrong with a snapshot. */
    Optional<String> problem(String containerId) {
        try {
            requireImageOf(containerId);
        } catch (FaultException e) {
            return Optional.of(e.fault().message());
        }
        var parts =
                isCopy(containerId)
                        ? List.of(CopiedRoots.ROOT)
                        : List.of(OverlayRoots.UPPER, OverlayRoots.WORK);
        for (var part : parts) {
            var stat = snapshots.stat(containerId + "/" + part);
            if (stat.filter(FileStat::isDirectory).isEmpty()) {
                return Optional.of("its directory " + part + " is missing");
            }
        }
        return Optional.empty();
    }

    /** Containers that stand on the image of a manifest, or are shown it. */
    List<String> usersOf(String manifestDigest) {
        return snapshots.names().stream()
                .filter(
                        id ->
                                imageOf(id).filter(manifestDigest::equals).isPresent()
                                        || views.of(id).contains(manifestDigest))
                .toList();
    }

    /** Gives its descriptors back. */
    void close() {
        snapshots.close();
        tmp.close();
    }
}
