package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.Container;
import dev.gantry.orchestrator.store.Containers;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What was done for each container, step by step, on disk. Written half a second after the fact: a
 * container's start does not wait for the story of it, and the story of one that has been removed
 * by then is not told.
 */
final class Explanations implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Explanations.class.getName());
    private static final long PAUSE_MILLIS = 500;
    private static final Duration ASK = Duration.ofSeconds(5);
    private static final String LAUNCHER = "launcher";

    private final Services services;
    private final Containers containers;
    // By container: the steps of all services but namespace-svc, which is asked for its own; empty
    // where those of the others are on disk already.
    private final Map<String, Optional<List<PlanStep>>> untold = new ConcurrentHashMap<>();
    private boolean closed;

    Explanations(Services services, Containers containers) {
        this.services = services;
        this.containers = containers;
        Thread.ofVirtual().name("explanations").start(this::write);
    }

    /** A container was made; these are the steps but for those of its processes. */
    void made(Container container, List<PlanStep> steps) {
        untold.put(container.id(), Optional.of(steps));
        wake();
    }

    /** More was done for a container's processes. */
    void wentOn(Container container) {
        if (untold.putIfAbsent(container.id(), Optional.empty()) == null) {
            wake();
        }
    }

    /** All steps, as far as they are known. */
    List<PlanStep> of(Container container) {
        wentOn(container);
        try {
            tell(container.id());
        } catch (FaultException e) {
            var known = containers.store().readPlan(container.id());
            if (known.isEmpty()) {
                throw e;
            }
            return known;
        }
        return containers.store().readPlan(container.id());
    }

    // One at a time: a later state of the same container must not be overwritten by an earlier.
    private synchronized void tell(String id) {
        var others = untold.get(id);
        if (others == null) {
            return;
        }
        if (containers.byId(id).isPresent()) {
            store(id, others, launcher(id));
        }
        untold.remove(id, others);
    }

    private void store(String id, Optional<List<PlanStep>> others, List<PlanStep> launcher) {
        var known = containers.store().readPlan(id);
        var steps = new ArrayList<>(others.orElseGet(() -> of(known, false)));
        steps.addAll(launcher.isEmpty() ? of(known, true) : launcher);
        containers.store().writePlan(id, steps);
        if (containers.byId(id).isEmpty()) {
            containers.store().deletePlan(id); // it has been removed meanwhile
        }
    }

    private static List<PlanStep> of(List<PlanStep> steps, boolean launcher) {
        return steps.stream().filter(s -> s.service().equals(LAUNCHER) == launcher).toList();
    }

    /** Empty where namespace-svc does not know it any more. */
    private List<PlanStep> launcher(String id) {
        var explain = new NamespaceOperation.Explain(id);
        try {
            return Services.await(services.namespace(explain, Caller.within(ASK))).steps();
        } catch (FaultException e) {
            if (e.fault().code() == FaultCode.NOT_FOUND) {
                return List.of();
            }
            throw e;
        }
    }

    private void wake() {
        synchronized (untold) {
            untold.notifyAll();
        }
    }

    private void write() {
        try {
            while (waitForWork()) {
                for (var id : List.copyOf(untold.keySet())) {
                    try {
                        tell(id);
                    } catch (FaultException e) {
                        // It is tried again, until the service is back or the container gone.
                        LOG.log(System.Logger.Level.DEBUG, "explain {0}: {1}", id, e.fault());
                    }
                }
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean waitForWork() throws InterruptedException {
        synchronized (untold) {
            while (untold.isEmpty() && !closed) {
                untold.wait();
            }
            long end = System.nanoTime() + PAUSE_MILLIS * 1_000_000;
            for (long left = PAUSE_MILLIS; left > 0 && !closed; ) {
                untold.wait(left);
                left = (end - System.nanoTime()) / 1_000_000;
            }
            return !closed;
        }
    }

    /** Writes down what needs nobody's answer; for the rest, whoever wants to know asks again. */
    @Override
    public void close() {
        synchronized (untold) {
            closed = true;
            untold.notifyAll();
        }
        synchronized (this) {
            untold.forEach((id, others) -> store(id, others, List.of()));
            untold.clear();
        }
    }
}
