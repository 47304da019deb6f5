package dev.gantry.storage.build;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.contract.storage.BuildRecipe;
import dev.gantry.bus.contract.storage.BuildResult;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.archive.LayerStack;
import dev.gantry.storage.archive.TreePacker;
import dev.gantry.storage.content.DerivedImages;
import dev.gantry.storage.content.Images;
import dev.gantry.storage.content.StoreFiles;
import dev.gantry.storage.content.StoredImage;
import dev.gantry.storage.content.Trash;
import dev.gantry.storage.kernel.Directory;
import dev.gantry.storage.kernel.StorageKernel;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Carries out the steps of builds: layers of files and of containers' changes, configurations. */
public final class BuildSteps {
    private static final int MAX_ACCOUNTS = 1 << 20;

    private final StorageKernel kernel;
    private final Images images;
    private final DerivedImages derived;
    private final LayerUppers uppers;
    private final LayerLimits limits;
    private final LaidOut laidOut;
    private final CacheVolumes caches;

    /** Makes the volume of a cache. */
    public interface CacheVolumes {
        /** A volume with an owner and a mode, if it is not there; its path. */
        String make(String name, long uid, long gid, int mode);
    }

    /**
     * Over a store.
     *
     * @param secrets a directory in memory for secrets, emptied here
     */
    public BuildSteps(
            StorageKernel kernel,
            StoreFiles files,
            Images images,
            Trash trash,
            LayerLimits limits,
            LayerUppers uppers,
            CacheVolumes caches,
            Path secrets) {
        this.kernel = kernel;
        this.images = images;
        this.derived = new DerivedImages(images);
        this.uppers = uppers;
        this.limits = limits;
        this.caches = caches;
        this.laidOut = new LaidOut(kernel, files, trash, limits, secrets);
    }

    /** Does a step. */
    public Object carryOut(BuildStep<?> step) {
        return switch (step) {
            case BuildStep.Describe(var image) -> describe(image);
            case BuildStep.Digest(var files) -> digest(files);
            case BuildStep.Add(var recipe, var files) -> add(recipe, files);
            case BuildStep.Commit commit -> commit(commit);
            case BuildStep.Configure(var recipe) ->
                    new BuildResult.Made(Optional.of(derived.make(recipe)), "");
            case BuildStep.Cache(var volume, var uid, var gid, var mode) ->
                    new BuildResult.Path(caches.make(volume, uid, gid, mode));
            case BuildStep.Offer(var name, var files) ->
                    new BuildResult.Path(from(files, adding -> laidOut.offer(name, adding)));
            case BuildStep.Secret secret ->
                    new BuildResult.Path(
                            laidOut.secret(
                                    secret.name(),
                                    secret.content(),
                                    secret.uid(),
                                    secret.gid(),
                                    secret.mode()));
            case BuildStep.Forget(var names) -> {
                (names.isEmpty() ? laidOut.names() : names).forEach(laidOut::forget);
                yield Done.nothing();
            }
            case BuildStep.Open(var name, var archive) ->
                    new BuildResult.Path(laidOut.open(name, Path.of(archive)));
        };
    }

    private BuildResult.Described describe(String reference) {
        return images.with(
                reference,
                image -> {
                    try (var stack = stack(Optional.of(image))) {
                        return new BuildResult.Described(
                                images.describe(image),
                                image.document().json(),
                                text(stack, "etc/passwd"),
                                text(stack, "etc/group"));
                    }
                });
    }

    private static String text(LayerStack stack, String path) {
        return stack.read(path, MAX_ACCOUNTS).map(String::new).orElse("");
    }

    private LayerStack stack(Optional<StoredImage> image) {
        return image.map(found -> images.layers().stack(found.layers()))
                .orElseGet(() -> new LayerStack(List.of()));
    }

    private BuildResult.Content digest(BuildFiles files) {
        return from(
                files,
                adding -> {
                    var digest = adding.digest();
                    return new BuildResult.Content(digest.digest(), digest.files());
                });
    }

    private BuildResult.Made add(BuildRecipe recipe, BuildFiles files) {
        var base = derived.base(recipe);
        try (var below = stack(base)) {
            return from(
                    files,
                    adding -> {
                        if (adding.isNothing(below)) {
                            return new BuildResult.Made(Optional.empty(), "");
                        }
                        var content = new String[1];
                        var image =
                                derived.make(
                                        recipe,
                                        out ->
                                                content[0] =
                                                        adding.writeTo(
                                                                out,
                                                                below,
                                                                recipe.createdSeconds(),
                                                                latest(recipe)));
                        return new BuildResult.Made(Optional.of(image), content[0]);
                    });
        }
    }

    private static long latest(BuildRecipe recipe) {
        return recipe.latestSeconds().orElse(Long.MAX_VALUE);
    }

    private <R> R from(BuildFiles files, Function<FileAdding, R> use) {
        var source = files.source();
        if (source.isEmpty()) {
            return use.apply(new FileAdding(files, Optional.empty(), limits));
        }
        return switch (source.get()) {
            case BuildFiles.Context(var path, var ignored) -> {
                if (!Files.isDirectory(Path.of(path))) {
                    throw FaultException.of(
                            FaultCode.NOT_FOUND, "the context %s is not a directory", path);
                }
                try (var tree = new LayerStack(List.of(Directory.open(kernel, Path.of(path))))) {
                    yield use.apply(new FileAdding(files, Optional.of(tree), limits));
                }
            }
            case BuildFiles.FromImage(var image) -> {
                var found = images.with(image, stored -> stored);
                try (var tree = stack(Optional.of(found))) {
                    yield use.apply(new FileAdding(files, Optional.of(tree), limits));
                }
            }
        };
    }

    private BuildResult.Made commit(BuildStep.Commit commit) {
        return uppers.with(
                commit.containerId(),
                (image, upper, below) -> {
                    if (!commit.recipe().base().equals(Optional.of(image))) {
                        throw FaultException.of(
                                FaultCode.FAILED_PRECONDITION,
                                "container %s stands on %s, not on %s",
                                commit.containerId(),
                                image,
                                commit.recipe().base().orElse("scratch"));
                    }
                    Stubs.remove(upper, below, commit.stubs());
                    var made =
                            derived.make(
                                    commit.recipe(),
                                    out ->
                                            TreePacker.pack(
                                                    upper, out, true, latest(commit.recipe())));
                    return new BuildResult.Made(Optional.of(made), "");
                });
    }
}
