package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Created;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.fault.Fault;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.model.ContainerIds;
import dev.gantry.orchestrator.model.ContainerNames;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.saga.Saga;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.spec.JoinedNetwork;
import dev.gantry.orchestrator.spec.SpecBuilder;
import dev.gantry.orchestrator.store.Container;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes containers. README.md draws the sequence; after a failure at any step nothing is left, and
 * what cannot be undone at once is kept among the leftovers until it is.
 */
final class Creation {
    private final Parts parts;
    private final Volumes volumes;

    Creation(Parts parts) {
        this.parts = parts;
        this.volumes = new Volumes(parts);
    }

    /**
     * A container that was made and told to start.
     *
     * @param failure why it could not execute its command, where it could not
     */
    record Run(Container container, Created created, Optional<Fault> failure) {}

    /** Makes a container, or only says how. */
    Created create(ContainerOperation.Create operation, Caller caller) {
        var spec = checked(operation.spec());
        if (operation.planOnly()) {
            return plan(spec, caller);
        }
        var container = parts.containers().begin(spec);
        return container.inTurn(
                caller, "create", () -> make(container, Map.of(), false, caller).created());
    }

    /**
     * Makes a container that takes over volumes of another.
     *
     * @param own names of the volumes of its own that are there, by their place in it
     */
    Created takingOver(ContainerSpec asked, Map<String, String> own, Caller caller) {
        var container = parts.containers().begin(checked(asked));
        return container.inTurn(
                caller, "create", () -> make(container, own, false, caller).created());
    }

    /** Makes a container and has it execute its command. */
    Run run(ContainerSpec asked, Caller caller) {
        var container = parts.containers().begin(checked(asked));
        return container.inTurn(caller, "run", () -> make(container, Map.of(), true, caller));
    }

    private ContainerSpec checked(ContainerSpec asked) {
        var spec = Specs.onNetwork(asked, joined(asked.network()));
        SpecBuilder.check(spec);
        return spec;
    }

    // A container's name or short id becomes its id: network-svc knows containers by nothing else.
    private String joined(String network) {
        return JoinedNetwork.container(network)
                .map(name -> JoinedNetwork.named(parts.containers().find(name).id()))
                .orElse(network);
    }

    private Run make(Container container, Map<String, String> own, boolean start, Caller caller) {
        var saga = new Saga(parts.undoing(), parts.leftovers(), caller);
        try {
            var durable = parts.containers().store().durable(container.id());
            var assembly = new Assembly(parts, saga, container.record(), caller, false);
            assembly.prepareStorage().prepareRest();
            var places = places(container.record(), assembly);
            if (!places.isEmpty()) {
                // Named in the record before they are made, so that a crash cannot lose them.
                container.save(container.record().withVolumes(Volumes.names(places, own)));
            }
            var bound = volumes.bind(saga, container.record(), places, true, caller);
            var made = assembly.launch(bound, container.record().spec().waitAttach(), start);
            Services.await(durable, Services.MOST, "the record could not be synced in time");
            finish(container, Creating.anew(), made);
            parts.happenings().tell("created", container.record());
            if (made.launched().running()) {
                parts.happenings().started(container.record(), made.processes().pid());
            }
            var answer = answer(container.record(), made, List.of());
            return new Run(container, answer, made.launched().failure());
        } catch (RuntimeException e) {
            var fault = saga.undo(Services.fault(e));
            parts.containers().forget(container, Optional.empty());
            throw fault;
        }
    }

    /**
     * Makes a stopped container's processes, cgroups and network again; its writable layer and its
     * volumes it has kept. Only within its turn. On failure it is stopped as before.
     */
    void remake(Container container, Stopped before, Caller caller) {
        container.save(container.record().with(before.recreating()));
        // What cannot be undone now is given back with the next release, which repeats both; among
        // the leftovers it would strike a later, successful start.
        var saga = new Saga(parts.undoing(), (undo, reason, pause) -> {}, caller);
        try {
            Services.await(
                    parts.services()
                            .namespace(
                                    new NamespaceOperation.Delete(container.id(), true), caller));
            var assembly = new Assembly(parts, saga, container.record(), caller, false);
            assembly.findStorage().prepareRest();
            var places = places(container.record(), assembly);
            var bound = volumes.bind(saga, container.record(), places, false, caller);
            var made = assembly.launch(bound, false, false);
            parts.containers().runsAgain(container);
            finish(container, before.recreating(), made);
        } catch (RuntimeException e) {
            var fault = saga.undo(Services.fault(e));
            container.end().complete(before.ending());
            container.save(
                    container
                            .record()
                            .with(new Stopped(before.ending(), before.startedNanos(), false)));
            throw fault;
        }
    }

    private static List<String> places(ContainerRecord container, Assembly assembly) {
        return SpecBuilder.volumePlaces(container.spec(), assembly.storage().image().config());
    }

    private void finish(Container container, Creating state, Assembly.Made made) {
        var processes = made.processes();
        var created = state.created(processes.pid(), processes.attachSocket());
        parts.explanations().made(container, made.steps());
        container.save(
                container
                        .record()
                        .assembled(made.storage().image(), made.oci(), made.network())
                        .with(
                                made.launched().running()
                                        ? created.started(Clock.nowNanos())
                                        : created));
    }

    private static Created answer(
            ContainerRecord record, Assembly.Made made, List<PlanStep> steps) {
        return new Created(
                record.id(),
                record.name(),
                Optional.empty(),
                made.processes().pid(),
                record.spec().tty(),
                made.processes().attachSocket(),
                steps);
    }

    private Created plan(ContainerSpec spec, Caller caller) {
        var name = spec.name().orElseGet(() -> ContainerNames.random(0));
        var record = ContainerRecord.creating(ContainerIds.fresh(), name, Clock.nowNanos(), spec);
        // Nothing is made, so there is nothing to undo.
        var saga = new Saga(parts.undoing(), parts.leftovers(), caller);
        var assembly = new Assembly(parts, saga, record, caller, true);
        assembly.prepareStorage().prepareRest();
        var places = places(record, assembly);
        var planned = record.withVolumes(Volumes.names(places, Map.of()));
        var made = assembly.launch(volumes.plan(planned, places, caller), false, false);
        return answer(planned, made, made.steps());
    }
}
