package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Keeps the processes of Gantry running where systemd does not: starts them with their users and
 * rights, and again when they end. Runs as root, listens to nobody but root, and is on no path of a
 * container.
 */
public final class Supervisor {
    private static final long TICK_MILLIS = 20;
    private static final List<String> LAST = List.of("bus", "launcher");
    private static final List<String> WITHOUT_ADDRESS = List.of("bus", "launcher", "cli");

    private final Layout layout;
    private final Path home;
    private final LinkedBlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
    private final Map<String, Child> children = new LinkedHashMap<>();
    private final List<Waiter> waiters = new ArrayList<>();
    private int processes;
    private boolean stopping;

    /** Somebody who waits until no child is starting any more. */
    private record Waiter(CompletableFuture<Void> ready) {}

    private Supervisor(Layout layout, Path home) {
        this.layout = layout;
        this.home = home;
    }

    /**
     * {@code --run DIR --state DIR --home DIR}; ends after SIGTERM, or when asked over its socket.
     *
     * @throws IOException if the host cannot be prepared
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        var options = new LinkedHashMap<String, Path>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i], Path.of(arguments[i + 1]));
        }
        var layout = new Layout(options.get("--run"), options.get("--state"));
        new Supervisor(layout, options.get("--home")).run();
    }

    private void run() throws IOException, InterruptedException {
        var setup = new HostSetup(layout);
        setup.make();
        try (var control = new ControlServer(layout, this)) {
            for (var service : ServiceTable.ALL) {
                var command = ServiceTable.command(service, home, layout);
                children.put(service.name(), new Child(service, command, this));
            }
            // Children are told when the thread that started them dies: only this thread starts
            // any.
            for (var child : children.values()) {
                child.start();
            }
            Runtime.getRuntime().addShutdownHook(new Thread(this::stopAndWait));
            control.serve();
            loop();
            setup.unmake().forEach(left -> log("left behind: " + left));
        }
        Runtime.getRuntime().halt(0);
    }

    private void loop() throws IOException, InterruptedException {
        while (!stopping || !all(Child.State.STOPPED)) {
            var next = work.poll(TICK_MILLIS, TimeUnit.MILLISECONDS);
            if (next != null) {
                next.run();
            }
            if (stopping) {
                stopInOrder();
            }
            long now = System.nanoTime();
            for (var child : children.values()) {
                child.tick(now);
            }
        }
    }

    /** On SIGTERM: the main thread ends the process itself when all children have stopped. */
    private void stopAndWait() {
        later(this::stop);
        try {
            Thread.sleep(30_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Runs something on the supervisor's thread. */
    void later(Runnable action) {
        work.add(action);
    }

    Layout layout() {
        return layout;
    }

    Path home() {
        return home;
    }

    Path logFile(String service) {
        return layout.run("supervisor").resolve(service + ".log");
    }

    void log(String line) {
        System.err.println(Instant.now() + " supervisor: " + line);
    }

    /** A name of its own for each process: none hears what its predecessor has said. */
    Path notifyPath(ServiceTable.Service service) {
        return layout.run("supervisor").resolve(service.name() + "-" + ++processes + ".notify");
    }

    void changed() {
        if (all(Child.State.READY)) {
            waiters.forEach(waiter -> waiter.ready().complete(null));
            waiters.clear();
        }
    }

    private boolean all(Child.State state) {
        return !children.isEmpty()
                && children.values().stream().allMatch(child -> child.state() == state);
    }

    /** Completes when every service is ready. */
    CompletableFuture<Void> ready() {
        var ready = new CompletableFuture<Void>();
        if (all(Child.State.READY)) {
            ready.complete(null);
        } else {
            waiters.add(new Waiter(ready));
        }
        return ready;
    }

    Map<String, Child> children() {
        return children;
    }

    /** The child of a name, with or without {@code -svc}. */
    Child child(String name) {
        var child = children.get(children.containsKey(name) ? name : name + "-svc");
        if (child == null) {
            throw FaultException.of(
                    FaultCode.NOT_FOUND,
                    "no such service: %s (there are %s)",
                    name,
                    String.join(", ", children.keySet()));
        }
        return child;
    }

    /**
     * The child of a name that can be replaced while it runs.
     *
     * @throws FaultException FAILED_PRECONDITION for bus, launcher and cli, which own no address
     *     that a successor could take over
     */
    Child replaceable(String name) {
        var child = child(name);
        if (WITHOUT_ADDRESS.contains(child.name())) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "%s is not replaced while it runs: it owns no address on the bus that another"
                            + " could take over",
                    child.name());
        }
        return child;
    }

    /** Asks all children to end. */
    void stop() {
        stopping = true;
    }

    /** The services first, which take leave over the bus; then the bus and the launcher. */
    private void stopInOrder() {
        boolean servicesGone = true;
        for (var child : children.values()) {
            if (!LAST.contains(child.name())) {
                child.stop();
                servicesGone &= child.state() == Child.State.STOPPED;
            }
        }
        if (servicesGone) {
            LAST.forEach(name -> children.get(name).stop());
        }
    }
}
