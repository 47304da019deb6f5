package dev.gantry.orchestrator.events;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.Event;
import dev.gantry.bus.contract.container.ContainerResult.EventPage;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.model.ContainerRecord;

import java.util.function.Consumer;

/**
 * What happens to containers, told once and in order: first to the journal, then on the bus. What
 * other services tell is written to the journal as it comes.
 */
public final class Happenings {
    private static final String OWN = "events.container.";

    private final Journal journal;
    private final Bus bus;

    /** Tells on the bus what it has written to the journal. */
    public Happenings(Journal journal, Bus bus) {
        this.journal = journal;
        this.bus = bus;
    }

    /**
     * Tells that something happened to a container.
     *
     * @param what the last part of the topic, for example {@code started}
     * @param facts adds what belongs to this topic beyond id, name, image and time
     */
    public void tell(String what, ContainerRecord container, Consumer<ObjectNode> facts) {
        var body = Json.mapper().createObjectNode();
        body.put("id", container.id());
        body.put("name", container.name());
        body.put("image", container.spec().image());
        body.put("timeNanos", Clock.nowNanos());
        facts.accept(body);
        // One lock around both, so that journal and bus tell the same order.
        synchronized (this) {
            journal.append(OWN + what, body);
            bus.publish(OWN + what, body);
        }
    }

    /** Tells that something happened to a container that needs no more facts. */
    public void tell(String what, ContainerRecord container) {
        tell(what, container, body -> {});
    }

    /** Tells that a container's init executes its command. */
    public void started(ContainerRecord container, long pid) {
        tell("started", container, facts -> facts.put("pid", pid));
    }

    /** Writes down what another service told. Our own events are in the journal already. */
    public void heard(Event event) {
        if (!event.topic().startsWith(OWN)) {
            journal.append(event.topic(), event.body());
        }
    }

    /** Marks a time in which events may have been told that were not heard. */
    public void gap(String reason) {
        var body = Json.mapper().createObjectNode();
        body.put("id", "");
        body.put("timeNanos", Clock.nowNanos());
        body.put("reason", reason);
        journal.append("events.bus.gap", body);
    }

    /** Events after a cursor. */
    public EventPage read(long after, int max) {
        return journal.read(after, max);
    }
}
