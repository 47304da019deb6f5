package dev.gantry.orchestrator.engine;

import dev.gantry.bus.Registration;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.ServiceContext;
import dev.gantry.orchestrator.events.Happenings;
import dev.gantry.orchestrator.events.Journal;
import dev.gantry.orchestrator.logs.LogDirectory;
import dev.gantry.orchestrator.logs.LogReader;
import dev.gantry.orchestrator.model.ContainerState.Creating;
import dev.gantry.orchestrator.model.ContainerState.Live;
import dev.gantry.orchestrator.model.ContainerState.Removing;
import dev.gantry.orchestrator.model.ContainerState.Stopped;
import dev.gantry.orchestrator.saga.Leftovers;
import dev.gantry.orchestrator.saga.Undoing;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Containers;
import dev.gantry.orchestrator.store.RecordStore;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The engine composed of the five services. */
public final class ComposedEngine implements ContainerEngine, AutoCloseable {
    private final Parts parts;
    private final Journal journal;
    private final Creation creation;
    private final LifeCycle lifeCycle;
    private final Executions executions;
    private final Exits exits;
    private final Numbers numbers;
    private final Watch watch;
    private final LogReader logs;
    private final List<Registration> subscriptions = new ArrayList<>();

    private ComposedEngine(ServiceContext context) {
        var state = context.layout().state("orchestrator");
        var directory = new LogDirectory(context.layout().logs());
        var services = new Services(context.bus());
        var undoing = new Undoing(services, directory);
        var store = new RecordStore(state);
        journal = new Journal(state.resolve("events"));
        var containers = new Containers(store);
        parts =
                new Parts(
                        services,
                        containers,
                        new Happenings(journal, context.bus()),
                        undoing,
                        new Leftovers(state, undoing),
                        directory,
                        new Explanations(services, containers),
                        new Filters(services));
        logs = new LogReader(directory);
        var release = new Release(parts);
        exits = new Exits(parts, release);
        creation = new Creation(parts);
        lifeCycle = new LifeCycle(parts, creation, release);
        executions = new Executions(parts);
        numbers = new Numbers(parts);
        watch = new Watch(new Reconciliation(parts, lifeCycle, release, exits), parts);
        subscriptions.add(
                context.bus()
                        .subscribe(
                                "events.*",
                                event -> {
                                    parts.happenings().heard(event);
                                    switch (event.topic()) {
                                        case "events.namespace.exited" -> exits.heard(event);
                                        case "events.namespace.exec-exited" ->
                                                executions.heard(event);
                                        case "events.cgroup.oom" -> exits.heardMemoryKill(event);
                                        case "events.bus.owned", "events.bus.ownerless" ->
                                                parts.filters().heard(event);
                                        case "events.bus.gap" -> {
                                            parts.filters().heard(event);
                                            watch.soon();
                                        }
                                        default -> {
                                            // Only written down.
                                        }
                                    }
                                }));
    }

    /**
     * Takes up the containers of an earlier run, listens to what the services tell, and begins to
     * reconcile. Requests that change something wait until the first reconciliation is through.
     */
    public static ComposedEngine open(ServiceContext context) {
        var engine = new ComposedEngine(context);
        if (!engine.journal.isNew()) {
            engine.parts.happenings().gap("the orchestrator was not running");
        }
        engine.watch.start();
        return engine;
    }

    @Override
    public ContainerResult.Created create(ContainerOperation.Create operation, Caller caller) {
        watch.ready(caller);
        return creation.create(operation, caller);
    }

    @Override
    public ContainerResult.Created run(ContainerOperation.Run operation, Caller caller) {
        if (operation.spec().waitAttach()) {
            throw FaultException.invalid(
                    "run cannot wait for a client to attach: create, attach, then start");
        }
        watch.ready(caller);
        return lifeCycle.run(operation.spec(), caller);
    }

    @Override
    public ContainerResult.Created start(ContainerOperation.Start operation, Caller caller) {
        watch.ready(caller);
        return lifeCycle.start(operation, caller);
    }

    @Override
    public Done stop(ContainerOperation.Stop operation, Caller caller) {
        watch.ready(caller);
        return lifeCycle.stop(operation, caller);
    }

    @Override
    public Done kill(ContainerOperation.Kill operation, Caller caller) {
        watch.ready(caller);
        return lifeCycle.kill(operation, caller);
    }

    @Override
    public ContainerResult.Exit await(ContainerOperation.Wait operation, Caller caller) {
        var gone = parts.containers().removed(operation.container());
        if (gone.isPresent()) {
            return Views.exit(gone.get());
        }
        var end = parts.containers().find(operation.container()).end();
        var bound =
                Executions.shorter(
                        Duration.ofMillis(operation.timeoutMillis()), caller.remaining());
        return LifeCycle.ended(end, bound) ? Views.exit(Services.await(end)) : Views.notYet();
    }

    @Override
    public ContainerResult.Created exec(ContainerOperation.Exec operation, Caller caller) {
        watch.ready(caller);
        return executions.exec(operation, caller);
    }

    @Override
    public ContainerResult.Exit execWait(ContainerOperation.ExecWait operation, Caller caller) {
        return executions.await(operation, caller);
    }

    @Override
    public Done resize(ContainerOperation.Resize operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        return Services.await(
                parts.services()
                        .namespace(
                                new NamespaceOperation.Resize(
                                        container.id(),
                                        operation.execId(),
                                        operation.rows(),
                                        operation.columns()),
                                caller));
    }

    @Override
    public ContainerResult.Created attach(ContainerOperation.Attach operation, Caller caller) {
        var record = parts.containers().find(operation.container()).record();
        return switch (record.state()) {
            case Live live -> Views.created(record, live, Optional.empty());
            case Creating creating -> throw Refusal.state("attach to", record);
            case Stopped stopped -> throw Refusal.state("attach to", record);
            case Removing removing -> throw Refusal.state("attach to", record);
        };
    }

    @Override
    public ContainerResult.LogChunk logs(ContainerOperation.Logs operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        return logs.read(
                container.id(),
                operation.cursor(),
                operation.tail(),
                operation.sinceNanos(),
                operation.maxLines());
    }

    @Override
    public ContainerResult.Detail inspect(ContainerOperation.Inspect operation, Caller caller) {
        return new ContainerResult.Detail(
                new Inspection(parts.logs())
                        .document(parts.containers().find(operation.container()).record()));
    }

    @Override
    public ContainerResult.Summaries list(ContainerOperation.ListAll operation, Caller caller) {
        return new Listing(parts.containers()).list(operation);
    }

    @Override
    public ContainerResult.StatsList stats(ContainerOperation.Stats operation, Caller caller) {
        return numbers.stats(operation, caller);
    }

    @Override
    public ContainerResult.ProcessTable top(ContainerOperation.Top operation, Caller caller) {
        return numbers.top(operation, caller);
    }

    @Override
    public Done pause(ContainerOperation.Pause operation, Caller caller) {
        watch.ready(caller);
        return lifeCycle.pause(operation.container(), caller);
    }

    @Override
    public Done unpause(ContainerOperation.Unpause operation, Caller caller) {
        watch.ready(caller);
        return lifeCycle.unpause(operation.container(), caller);
    }

    @Override
    public Done update(ContainerOperation.Update operation, Caller caller) {
        watch.ready(caller);
        return new Changes(parts).update(operation, caller);
    }

    @Override
    public Done rename(ContainerOperation.Rename operation, Caller caller) {
        watch.ready(caller);
        return new Changes(parts).rename(operation, caller);
    }

    @Override
    public ContainerResult.Created recreate(ContainerOperation.Recreate operation, Caller caller) {
        watch.ready(caller);
        return new Recreation(parts, creation, lifeCycle).recreate(operation, caller);
    }

    @Override
    public Done remove(ContainerOperation.Remove operation, Caller caller) {
        watch.ready(caller);
        return lifeCycle.remove(operation, caller);
    }

    @Override
    public ContainerResult.Explanation explain(
            ContainerOperation.Explain operation, Caller caller) {
        var container = parts.containers().find(operation.container());
        return new ContainerResult.Explanation(
                container.id(), container.record().name(), parts.explanations().of(container));
    }

    @Override
    public ContainerResult.EventPage events(ContainerOperation.EventLog operation, Caller caller) {
        return parts.happenings().read(operation.afterSequence(), operation.max());
    }

    @Override
    public ContainerResult.EngineInfo info(ContainerOperation.Info operation, Caller caller) {
        return new HostInfo(parts).info(caller);
    }

    /** Leaves every container as it is. */
    @Override
    public void close() {
        subscriptions.forEach(Registration::close);
        watch.close();
        exits.drain();
        parts.explanations().close();
        parts.containers().store().close();
        journal.close();
    }
}
