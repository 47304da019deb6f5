package dev.gantry.orchestrator.store;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.model.ContainerIds;
import dev.gantry.orchestrator.model.ContainerNames;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.Ending;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** All containers, found by id, by a unique prefix of it, or by name. Never blocks. */
public final class Containers {
    private static final int REMEMBERED = 1024;
    private static final int NAMED_CANDIDATES = 5;

    private final RecordStore store;
    private final Map<String, Container> byId = new ConcurrentHashMap<>();
    private final Map<String, String> names = new ConcurrentHashMap<>();
    private final Map<String, Ending> removed =
            Collections.synchronizedMap(
                    new LinkedHashMap<>() {
                        @Override
                        protected boolean removeEldestEntry(Map.Entry<String, Ending> eldest) {
                            return size() > REMEMBERED;
                        }
                    });

    /** Takes up every container of the store. */
    public Containers(RecordStore store) {
        this.store = store;
        for (var record : store.load()) {
            byId.put(record.id(), new Container(store, record));
            names.put(record.name(), record.id());
        }
    }

    /** The store below. */
    public RecordStore store() {
        return store;
    }

    /**
     * Takes a name, or finds a free one, and writes the record of a container that is about to be
     * made: from here on a crash leaves something that can be undone.
     */
    public Container begin(ContainerSpec spec) {
        var id = ContainerIds.fresh();
        var name = spec.name().map(asked -> take(asked, id)).orElseGet(() -> takeAny(id));
        var record = ContainerRecord.creating(id, name, Clock.nowNanos(), spec);
        var container = new Container(store, record);
        try {
            store.write(record);
        } catch (FaultException e) {
            names.remove(name, id);
            throw e;
        }
        byId.put(id, container);
        return container;
    }

    private String take(String name, String id) {
        var holder = names.putIfAbsent(name, id);
        if (holder != null) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS,
                    "name %s is in use by container %s: remove or rename that one, or choose"
                            + " another name",
                    name,
                    ContainerIds.shortened(holder));
        }
        return name;
    }

    private String takeAny(String id) {
        for (int attempt = 0; ; attempt++) {
            var name = ContainerNames.random(attempt);
            if (names.putIfAbsent(name, id) == null) {
                return name;
            }
        }
    }

    /** Gives a container another name. Only within its turn. */
    public void rename(Container container, String name) {
        var old = container.record().name();
        if (old.equals(name)) {
            throw FaultException.invalid("container is named %s already", name);
        }
        take(name, container.id());
        try {
            container.save(container.record().named(name));
        } catch (FaultException e) {
            names.remove(name, container.id());
            throw e;
        }
        names.remove(old, container.id());
    }

    /** A stopped container is made again: who waits from now on waits for its new end. */
    public void runsAgain(Container container) {
        container.runsAgain();
    }

    /** Forgets a container, on disk too, and sets its name free. Only within its turn. */
    public void forget(Container container, Optional<Ending> ending) {
        store.delete(container.id());
        ending.ifPresent(e -> removed.put(container.id(), e));
        container.leave();
        byId.remove(container.id());
        store.deletePlan(container.id()); // last: who writes one looks afterwards whether it counts
        names.remove(container.record().name(), container.id());
        var unfinished = container.end();
        ending.ifPresentOrElse(
                unfinished::complete,
                () ->
                        unfinished.completeExceptionally(
                                FaultException.of(
                                        FaultCode.NOT_FOUND,
                                        "container %s was removed",
                                        container.record().shortId())));
    }

    /** How a container ended that has been removed since; the last thousand are remembered. */
    public Optional<Ending> removed(String id) {
        return Optional.ofNullable(removed.get(id));
    }

    /** The container with that id. */
    public Optional<Container> byId(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** The container with that name, id or unique prefix of an id. */
    public Container find(String reference) {
        if (reference == null || reference.isEmpty()) {
            throw FaultException.invalid("no container is named");
        }
        var exact = byId.get(reference);
        if (exact != null) {
            return exact;
        }
        var id = names.get(reference);
        var named = id == null ? null : byId.get(id);
        if (named != null) {
            return named;
        }
        var candidates = candidates(reference);
        if (candidates.size() > 1) {
            throw FaultException.invalid(
                    "%s is ambiguous: it could be %s",
                    Names.quote(reference),
                    candidates.stream()
                                    .limit(NAMED_CANDIDATES)
                                    .map(c -> c.record().shortId() + " (" + c.record().name() + ")")
                                    .collect(Collectors.joining(", "))
                            + (candidates.size() > NAMED_CANDIDATES ? ", …" : ""));
        }
        if (candidates.isEmpty()) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND, "no such container: %s", unquoted(reference));
        }
        return candidates.getFirst();
    }

    private List<Container> candidates(String prefix) {
        if (prefix.length() > 64
                || !prefix.chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0)) {
            return List.of();
        }
        return byId.values().stream().filter(c -> c.id().startsWith(prefix)).toList();
    }

    private static String unquoted(String reference) {
        var quoted = Names.quote(reference);
        return quoted.substring(1, quoted.length() - 1);
    }

    /** All of them, in no order. */
    public Collection<Container> all() {
        return List.copyOf(byId.values());
    }
}
