package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/**
 * Another implementation of a service is started beside the running one, takes the addresses over
 * on the bus, says that it is ready, and only then is the running one asked to end. One that ends
 * before, is not ready in time, or is ready without having taken over, is ended, and the running
 * one keeps the service or is started again. All methods run on the supervisor's one thread.
 */
final class Succession implements ServiceProcess.Listener {
    private final Supervisor supervisor;
    private final Child child;
    private final List<String> command;
    private final Duration within;
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private Owners before;
    private Optional<ServiceProcess> successor = Optional.empty();
    private Optional<String> failure = Optional.empty();

    Succession(Supervisor supervisor, Child child, List<String> command, Duration within) {
        this.supervisor = supervisor;
        this.child = child;
        this.command = command;
        this.within = within;
    }

    /**
     * Begins it.
     *
     * @return completes when the successor has the service; exceptionally, with a FaultException,
     *     when it has ended and the predecessor has the service or is started again
     */
    CompletableFuture<Void> begin() {
        askOwners(
                (owners, unknown) -> {
                    if (failure.isPresent()) {
                        settle();
                    } else if (unknown != null) {
                        failure = Optional.of("is not started: " + unknown.getMessage());
                        settle();
                    } else {
                        before = owners;
                        start();
                    }
                });
        return outcome;
    }

    private void start() {
        try {
            successor =
                    Optional.of(ServiceProcess.start(supervisor, child.service(), command, this));
        } catch (IOException e) {
            failure = Optional.of("cannot be started: " + e.getMessage());
            settle();
        }
    }

    @Override
    public void ready(ServiceProcess process) {
        askOwners(
                (owners, unknown) -> {
                    if (failure.isPresent()) {
                        return; // It has ended meanwhile, or was called off.
                    }
                    if (unknown != null) {
                        fail("may not have taken over: " + unknown.getMessage());
                    } else if (!before.pids().isEmpty() && before.stillServe(owners)) {
                        fail("said that it is ready, but did not take the service over");
                    } else {
                        child.succeed(process);
                        outcome.complete(null);
                    }
                });
    }

    @Override
    public void ended(ServiceProcess process) {
        if (failure.isEmpty()) {
            failure = Optional.of("ended before it had the service (" + process.end() + ")");
        }
        settle();
    }

    /** Does what time demands. */
    void tick(long now) {
        successor
                .filter(ServiceProcess::isAlive)
                .ifPresent(
                        process -> {
                            long passed = now - process.since();
                            if (failure.isEmpty() && passed > within.toNanos()) {
                                fail("was not ready within " + within.toSeconds() + " s");
                            } else if (failure.isPresent() && passed > Child.STOP_WITHIN) {
                                process.kill();
                            }
                        });
    }

    /** The whole of Gantry ends. */
    void callOff() {
        if (failure.isEmpty()) {
            fail("was called off: the services stop");
        }
    }

    private void fail(String why) {
        failure = Optional.of(why);
        successor.ifPresent(ServiceProcess::askToEnd);
    }

    /** The successor is not there any more. */
    private void settle() {
        if (before == null) {
            giveUp(true);
        } else {
            askOwners((owners, unknown) -> giveUp(unknown == null && before.stillServe(owners)));
        }
    }

    private void giveUp(boolean predecessorServes) {
        boolean kept = child.keep(predecessorServes);
        var message =
                "the successor of %s %s; %s %s; see %s"
                        .formatted(
                                child.name(),
                                failure.orElseThrow(),
                                child.command().getFirst(),
                                kept ? "keeps the service" : "is started again",
                                supervisor.logFile(child.name()));
        supervisor.log(message);
        outcome.completeExceptionally(
                FaultException.of(FaultCode.FAILED_PRECONDITION, "%s", message));
    }

    private void askOwners(BiConsumer<Owners, Throwable> then) {
        Thread.ofVirtual()
                .start(
                        () -> {
                            try {
                                var owners = Owners.ask(supervisor.layout(), child.service());
                                supervisor.later(() -> then.accept(owners, null));
                            } catch (RuntimeException e) {
                                supervisor.later(() -> then.accept(null, e));
                            }
                        });
    }
}
