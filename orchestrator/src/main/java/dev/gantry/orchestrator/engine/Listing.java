package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Summaries;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState.Paused;
import dev.gantry.orchestrator.model.ContainerState.Running;
import dev.gantry.orchestrator.store.Container;
import dev.gantry.orchestrator.store.Containers;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * {@code ps}: containers, latest first, by filters that all must hold. A filter's value may name
 * several, separated by commas, of which one must hold.
 */
final class Listing {
    private static final List<String> STATES =
            List.of("creating", "created", "running", "paused", "stopped", "removing");

    private final Containers containers;

    Listing(Containers containers) {
        this.containers = containers;
    }

    Summaries list(ContainerOperation.ListAll operation) {
        Predicate<ContainerRecord> wanted = record -> true;
        for (var filter : operation.filters().entrySet()) {
            wanted = wanted.and(filter(filter));
        }
        // Who asks for a status asks for those that do not run, too.
        boolean all = operation.all() || operation.filters().containsKey("status");
        var now = Clock.nowNanos();
        return new Summaries(
                containers.all().stream()
                        .map(Container::record)
                        .filter(r -> all || runs(r))
                        .filter(wanted)
                        .sorted(Comparator.comparingLong(ContainerRecord::createdNanos).reversed())
                        .map(record -> Views.summary(record, now))
                        .toList());
    }

    private static boolean runs(ContainerRecord record) {
        return record.state() instanceof Running || record.state() instanceof Paused;
    }

    private static Predicate<ContainerRecord> filter(Map.Entry<String, String> filter) {
        var values = Arrays.stream(filter.getValue().split(",")).map(String::strip).toList();
        return switch (filter.getKey()) {
            case "name" -> any(values, (r, v) -> r.name().contains(v));
            case "id" -> any(values, (r, v) -> r.id().startsWith(v));
            case "status" -> {
                var states = values.stream().map(Listing::state).toList();
                yield any(states, (r, v) -> r.state().word().equals(v));
            }
            case "label" -> any(values, Listing::labelled);
            case "ancestor" -> any(values, Listing::standsOn);
            case "network" -> any(values, (r, v) -> r.spec().network().equals(v));
            case "volume" -> any(values, Listing::mounts);
            default ->
                    throw FaultException.invalid(
                            "filter %s is none of name, id, status, label, ancestor, network,"
                                    + " volume",
                            Names.quote(filter.getKey()));
        };
    }

    private interface Test {
        boolean holds(ContainerRecord record, String value);
    }

    private static Predicate<ContainerRecord> any(List<String> values, Test test) {
        return record -> values.stream().anyMatch(value -> test.holds(record, value));
    }

    private static String state(String word) {
        var state = word.equals("exited") ? "stopped" : word; // Docker's word for it
        if (!STATES.contains(state)) {
            throw FaultException.invalid(
                    "status %s is none of %s", Names.quote(word), String.join(", ", STATES));
        }
        return state;
    }

    private static boolean labelled(ContainerRecord record, String label) {
        int equals = label.indexOf('=');
        return equals < 0
                ? record.spec().labels().containsKey(label)
                : label.substring(equals + 1)
                        .equals(record.spec().labels().get(label.substring(0, equals)));
    }

    /** By a volume's name, or the place of any mount. */
    private static boolean mounts(ContainerRecord record, String volume) {
        return Volumes.of(record).contains(volume)
                || record.spec().mounts().stream().anyMatch(m -> m.destination().equals(volume));
    }

    private static boolean standsOn(ContainerRecord record, String image) {
        return record.spec().image().equals(image)
                || record.spec().image().equals(image + ":latest")
                || record.image().map(Image::id).filter(id -> matches(id, image)).isPresent()
                || record.image().map(Image::references).orElse(List.of()).contains(image);
    }

    private static boolean matches(String id, String asked) {
        return id.equals(asked) || asked.length() >= 4 && id.startsWith("sha256:" + asked);
    }
}
