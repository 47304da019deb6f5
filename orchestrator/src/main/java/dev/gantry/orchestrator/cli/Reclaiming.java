package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageOperation.Stored;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.StorageResult.SnapshotUsage;
import dev.gantry.bus.contract.storage.StorageResult.VolumeUsage;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Removes what nothing uses. What comes to be used meanwhile is left alone: each removal is refused
 * by whoever knows better.
 */
final class Reclaiming {
    private static final Set<String> OWN_NETWORKS = Set.of("gantry0", "host", "none");

    private final GantryCommand gantry;
    private final Engine engine;
    private long bytes;

    Reclaiming(GantryCommand gantry) {
        this.gantry = gantry;
        this.engine = gantry.engine();
    }

    /** Containers that do not run. */
    void containers(List<String> filters) {
        var filter = filter(filters, Summary::labels, Summary::created);
        var sizes = new HashMap<String, Long>();
        for (SnapshotUsage use : usage(Stored.SNAPSHOTS).snapshots()) {
            sizes.put(use.containerId(), use.size().bytes());
        }
        title("Deleted Containers:");
        for (var container : VolumeCommands.containers(engine)) {
            boolean idle =
                    container.state().equals("stopped") || container.state().equals("created");
            if (idle && filter.test(container)) {
                removed(
                        container.id(),
                        sizes.getOrDefault(container.id(), 0L),
                        () ->
                                engine.container(
                                        new ContainerOperation.Remove(container.id(), false)));
            }
        }
    }

    /**
     * Images on which no container stands.
     *
     * @param all those with names, too
     */
    void images(boolean all, List<String> filters) {
        var filter =
                ImageFilters.of(
                        filters, name -> engine.storage(new StorageOperation.Inspect(name)));
        title("Deleted Images:");
        var images = engine.storage(new StorageOperation.Images()).images();
        var used =
                VolumeCommands.containers(engine).stream()
                        .map(Summary::imageId)
                        .collect(Collectors.toSet());
        for (var image : images) {
            boolean wanted = all || ImageFilters.isDangling(image) && !image.intermediate();
            if (wanted && !used.contains(image.id()) && filter.test(image)) {
                remove(image);
            }
        }
    }

    private void remove(Image image) {
        try {
            var removed = engine.storage(new StorageOperation.RemoveImage(image.digest(), true));
            bytes += removed.reclaimedBytes();
            removed.untagged().forEach(name -> gantry.out().println("untagged: " + name));
            removed.deleted().forEach(digest -> gantry.out().println("deleted: " + digest));
        } catch (FaultException e) {
            goOn(e);
        }
    }

    /**
     * Volumes that no container has.
     *
     * @param all named ones, too
     */
    void volumes(boolean all, List<String> filters) {
        var filter =
                filters.stream()
                        .map(text -> VolumeCommands.ListVolumes.filter(engine, text))
                        .reduce(volume -> true, Predicate::and);
        var sizes = new HashMap<String, Long>();
        for (VolumeUsage use : usage(Stored.VOLUMES).volumes()) {
            sizes.put(use.name(), use.size().bytes());
        }
        title("Deleted Volumes:");
        var containers = VolumeCommands.containers(engine);
        for (var volume : VolumeCommands.all(engine)) {
            boolean wanted = all || VolumeCommands.isAnonymous(volume);
            if (wanted
                    && filter.test(volume)
                    && VolumeCommands.users(volume.name(), containers).isEmpty()) {
                removed(
                        volume.name(),
                        sizes.getOrDefault(volume.name(), 0L),
                        () -> engine.storage(new StorageOperation.VolumeRemove(volume.name())));
            }
        }
    }

    /** Networks without a container. */
    void networks() {
        title("Deleted Networks:");
        for (var network : engine.network(new NetworkOperation.Networks()).networks()) {
            if (network.containers().isEmpty() && !OWN_NETWORKS.contains(network.name())) {
                removed(
                        network.name(),
                        0,
                        () -> engine.network(new NetworkOperation.Remove(network.name())));
            }
        }
    }

    /** Says how much came of it. */
    void total() {
        gantry.out().println("Total reclaimed space: " + Sizes.human(bytes));
        gantry.out().flush();
    }

    private dev.gantry.bus.contract.storage.StorageResult.DiskUsage usage(Stored of) {
        return engine.storage(new StorageOperation.Usage(List.of(of)));
    }

    private void title(String text) {
        gantry.out().println(text);
    }

    private void removed(String name, long size, Runnable removal) {
        try {
            removal.run();
            bytes += size;
            gantry.out().println(name);
        } catch (FaultException e) {
            goOn(e);
        }
    }

    private void goOn(FaultException e) {
        var code = e.fault().code();
        if (code != FaultCode.FAILED_PRECONDITION && code != FaultCode.NOT_FOUND) {
            throw e;
        }
    }

    /** {@code until=TIME} and {@code label[!]=KEY[=VALUE]}. */
    private static <T> Predicate<T> filter(
            List<String> filters,
            java.util.function.Function<T, Map<String, String>> labels,
            java.util.function.ToLongFunction<T> created) {
        Predicate<T> all = thing -> true;
        for (var text : filters) {
            int equals = text.indexOf('=');
            var value = text.substring(equals + 1);
            switch (equals < 0 ? "" : text.substring(0, equals)) {
                case "until" -> {
                    var time = ImageFilters.time(value);
                    all =
                            all.and(
                                    thing ->
                                            Instant.ofEpochSecond(created.applyAsLong(thing))
                                                    .isBefore(time));
                }
                case "label" -> {
                    var label = ImageFilters.label(value);
                    all = all.and(thing -> label.test(labels.apply(thing)));
                }
                case "label!" -> {
                    var label = ImageFilters.label(value);
                    all = all.and(thing -> !label.test(labels.apply(thing)));
                }
                default ->
                        throw FaultException.invalid(
                                "--filter %s is none of until=, label=, label!=",
                                Names.quote(text));
            }
        }
        return all;
    }
}
