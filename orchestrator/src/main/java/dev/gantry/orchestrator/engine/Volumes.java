package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.oci.OciMount;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.Viewed;
import dev.gantry.bus.contract.storage.StorageResult.Volume;
import dev.gantry.orchestrator.model.ContainerIds;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.saga.Saga;
import dev.gantry.orchestrator.saga.Undo;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.spec.MountSources;
import dev.gantry.orchestrator.spec.SpecBuilder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The volumes of a container: those it names, and those that its image asks for. */
final class Volumes {
    /**
     * Volumes that are there.
     *
     * @param mounts of the container's own volumes
     * @param sources where volumes and images that are mounted lie
     */
    record Bound(List<OciMount> mounts, MountSources sources) {}

    private final Parts parts;

    Volumes(Parts parts) {
        this.parts = parts;
    }

    /** Names for the volumes of a container's own, one a place: new ones where none is known. */
    static List<String> names(List<String> places, Map<String, String> known) {
        return places.stream()
                .map(place -> known.getOrDefault(place, ContainerIds.fresh()))
                .toList();
    }

    /** The volumes of a container's own, by their place in it. */
    static Map<String, String> own(ContainerRecord container) {
        var config = container.image().map(Image::config).orElse(ImageConfig.EMPTY);
        var places = SpecBuilder.volumePlaces(container.spec(), config);
        var names = container.anonymousVolumes();
        var own = new HashMap<String, String>();
        for (int i = 0; i < Math.min(places.size(), names.size()); i++) {
            own.put(places.get(i), names.get(i));
        }
        return own;
    }

    /**
     * Makes what is not there yet. A volume that was there before is never undone.
     *
     * @param anew whether those made are to be undone with the container; a container that is only
     *     started again keeps them
     * @param places where the container's anonymous volumes go, in the order of their names
     */
    Bound bind(
            Saga saga,
            ContainerRecord container,
            List<String> places,
            boolean anew,
            Caller caller) {
        var wanted = new ArrayList<String>(named(container));
        wanted.addAll(container.anonymousVolumes());
        var views = new HashMap<String, CompletableFuture<Viewed>>();
        for (var image : images(container)) {
            views.put(image, saga.begin(() -> view(container, image, false, caller)));
        }
        if (wanted.isEmpty()) {
            return new Bound(List.of(), sources(Map.of(), views));
        }
        var there = paths(caller);
        var made = new HashMap<String, CompletableFuture<Volume>>();
        for (var name : wanted.stream().distinct().filter(n -> !there.containsKey(n)).toList()) {
            var create = create(container, name);
            made.put(
                    name,
                    anew
                            ? saga.begin(
                                    new Undo(Undo.Part.VOLUME, name),
                                    () -> parts.services().storage(create, caller))
                            : saga.begin(() -> parts.services().storage(create, caller)));
        }
        saga.join();
        if (anew) {
            fill(saga, container, places, caller);
        }
        var paths = new HashMap<>(there);
        made.forEach((name, volume) -> paths.put(name, Services.await(volume).path()));
        return new Bound(mounts(container, places), sources(paths, views));
    }

    private CompletableFuture<Viewed> view(
            ContainerRecord container, String image, boolean planOnly, Caller caller) {
        return parts.services()
                .storage(new StorageOperation.View(container.id(), image, planOnly), caller);
    }

    private static MountSources sources(
            Map<String, String> paths, Map<String, CompletableFuture<Viewed>> views) {
        var images = new HashMap<String, Rootfs>();
        views.forEach((image, viewed) -> images.put(image, Services.await(viewed).rootfs()));
        return new MountSources(paths, images);
    }

    /** The images that are mounted beside the root. */
    private static List<String> images(ContainerRecord container) {
        return container.spec().mounts().stream()
                .filter(mount -> mount.type().equals(SpecBuilder.IMAGE))
                .map(OciMount::source)
                .distinct()
                .toList();
    }

    /**
     * What the image has where a volume goes is copied into it, if it is empty and not asked for
     * otherwise. Where the same volume goes to several places, the first that has something counts.
     */
    private void fill(Saga saga, ContainerRecord container, List<String> places, Caller caller) {
        for (var mount : all(container.spec(), mounts(container, places))) {
            if (mount.type().equals("volume") && !mount.options().contains(SpecBuilder.NO_COPY)) {
                var fill =
                        new StorageOperation.VolumeFill(
                                mount.source(), container.id(), mount.destination());
                saga.begin(() -> parts.services().storage(fill, caller));
                saga.join();
            }
        }
    }

    /** The mounts that a client asked for, and those of the container's own volumes. */
    static List<OciMount> all(ContainerSpec spec, List<OciMount> own) {
        var all = new ArrayList<>(spec.mounts());
        all.removeIf(SpecBuilder::isAnonymous);
        all.addAll(own);
        return List.copyOf(all);
    }

    /** What they will be, without making any. */
    Bound plan(ContainerRecord container, List<String> places, Caller caller) {
        var views = new HashMap<String, CompletableFuture<Viewed>>();
        for (var image : images(container)) {
            views.put(image, view(container, image, true, caller));
        }
        if (named(container).isEmpty() && places.isEmpty()) {
            return new Bound(List.of(), sources(Map.of(), views));
        }
        var paths = new HashMap<>(paths(caller));
        var host = Services.await(parts.services().storage(new StorageOperation.Probe(), caller));
        var wanted = new ArrayList<String>(named(container));
        wanted.addAll(container.anonymousVolumes());
        for (var name : wanted) {
            paths.putIfAbsent(
                    name, Path.of(host.root()).resolve("volumes/" + name + "/data").toString());
        }
        return new Bound(mounts(container, places), sources(paths, views));
    }

    private Map<String, String> paths(Caller caller) {
        return Services.await(parts.services().storage(new StorageOperation.Volumes(), caller))
                .volumes()
                .stream()
                .collect(Collectors.toMap(Volume::name, Volume::path));
    }

    private static StorageOperation.VolumeCreate create(ContainerRecord container, String name) {
        return new StorageOperation.VolumeCreate(
                name,
                container.anonymousVolumes().contains(name)
                        ? Map.of("gantry.container", container.id())
                        : Map.of());
    }

    /** Names of all volumes that a container has. */
    static List<String> of(ContainerRecord container) {
        return Stream.concat(named(container).stream(), container.anonymousVolumes().stream())
                .distinct()
                .toList();
    }

    private static List<String> named(ContainerRecord container) {
        return container.spec().mounts().stream()
                .filter(mount -> mount.type().equals("volume"))
                .filter(mount -> !SpecBuilder.isAnonymous(mount))
                .map(OciMount::source)
                .toList();
    }

    private static List<OciMount> mounts(ContainerRecord container, List<String> places) {
        var names = container.anonymousVolumes();
        var mounts = new ArrayList<OciMount>();
        for (int i = 0; i < Math.min(places.size(), names.size()); i++) {
            var place = places.get(i);
            mounts.add(new OciMount(place, "volume", names.get(i), options(container, place)));
        }
        return List.copyOf(mounts);
    }

    private static List<String> options(ContainerRecord container, String place) {
        return container.spec().mounts().stream()
                .filter(SpecBuilder::isAnonymous)
                .filter(mount -> SpecBuilder.place(mount.destination()).equals(place))
                .findFirst()
                .map(OciMount::options)
                .orElse(List.of());
    }
}
