package dev.gantry.orchestrator.supervisor;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One supervised service: its process is started, expected to say READY within a deadline and
 * WATCHDOG ever after, and started again with growing pauses when it ends. All methods run on the
 * supervisor's one thread.
 */
final class Child implements ServiceProcess.Listener {
    /** What a child is doing. */
    enum State {
        STARTING,
        READY,
        PAUSING,
        STOPPING,
        STOPPED
    }

    private static final long READY_WITHIN = Duration.ofSeconds(60).toNanos();
    static final long WATCHDOG = Duration.ofSeconds(20).toNanos();
    static final long STOP_WITHIN = Duration.ofSeconds(10).toNanos();
    private static final long SETTLED_AFTER = Duration.ofSeconds(10).toNanos();
    private static final long FIRST_PAUSE = Duration.ofMillis(50).toNanos();
    private static final long LONGEST_PAUSE = Duration.ofSeconds(5).toNanos();

    private final ServiceTable.Service service;
    private final Supervisor supervisor;
    private final List<ServiceProcess> predecessors = new ArrayList<>();
    private List<String> command;
    private Optional<ServiceProcess> process = Optional.empty();
    private Optional<Succession> succession = Optional.empty();
    private State state = State.STOPPED;
    private long since = System.nanoTime();
    private long pause = FIRST_PAUSE;
    private int restarts;
    private String lastEnd = "";

    Child(ServiceTable.Service service, List<String> command, Supervisor supervisor) {
        this.service = service;
        this.command = command;
        this.supervisor = supervisor;
    }

    String name() {
        return service.name();
    }

    State state() {
        return state;
    }

    long pid() {
        return process.filter(ServiceProcess::isAlive).map(ServiceProcess::pid).orElse(0L);
    }

    int restarts() {
        return restarts;
    }

    String lastEnd() {
        return lastEnd;
    }

    List<String> command() {
        return command;
    }

    ServiceTable.Service service() {
        return service;
    }

    /** Starts the process. */
    void start() throws IOException {
        process = Optional.of(ServiceProcess.start(supervisor, service, command, this));
        enter(service.notifies() ? State.STARTING : State.READY);
    }

    @Override
    public void ready(ServiceProcess which) {
        if (state == State.STARTING) {
            enter(State.READY);
        }
    }

    @Override
    public void ended(ServiceProcess which) {
        if (predecessors.remove(which)) {
            stopped();
            return;
        }
        lastEnd = which.end();
        if (state == State.STOPPING) {
            stopped();
            return;
        }
        boolean settled = state == State.READY && System.nanoTime() - since > SETTLED_AFTER;
        pause = settled ? FIRST_PAUSE : pause;
        supervisor.log(service.name() + " ended (" + lastEnd + "), starts again");
        enter(State.PAUSING);
    }

    private void stopped() {
        if (state == State.STOPPING && !anyAlive()) {
            enter(State.STOPPED);
        }
    }

    private boolean anyAlive() {
        return process.filter(ServiceProcess::isAlive).isPresent()
                || succession.isPresent()
                || !predecessors.isEmpty();
    }

    /** Does what time demands: restart after a pause, kill what does not answer. */
    void tick(long now) throws IOException {
        succession.ifPresent(begun -> begun.tick(now));
        for (var predecessor : predecessors) {
            if (now - predecessor.since() > STOP_WITHIN) {
                kill(predecessor, "did not give way to its successor within 10 s");
            }
        }
        switch (state) {
            case PAUSING -> {
                // Whoever registers last owns the addresses: not while a successor takes over.
                if (succession.isEmpty() && now - since >= pause) {
                    pause = Math.min(pause * 2, LONGEST_PAUSE);
                    restarts++;
                    start();
                }
            }
            case STARTING -> {
                if (now - since > READY_WITHIN) {
                    kill(process.orElseThrow(), "was not ready after 60 s");
                    since = now;
                }
            }
            case READY -> {
                var serving = process.orElseThrow();
                if (service.notifies() && now - serving.heard() > WATCHDOG) {
                    kill(serving, "said nothing for 20 s");
                }
            }
            case STOPPING -> {
                if (now - since > STOP_WITHIN && pid() != 0) {
                    kill(process.orElseThrow(), "did not stop within 10 s");
                    since = now;
                }
            }
            case STOPPED -> {}
        }
    }

    private void kill(ServiceProcess which, String why) {
        supervisor.log(service.name() + " " + why + ", is killed");
        which.kill();
    }

    /** Asks the process to end, and does not start it again. */
    void stop() {
        if (state == State.STOPPING || state == State.STOPPED) {
            return;
        }
        succession.ifPresent(Succession::callOff);
        process.filter(ServiceProcess::isAlive).ifPresent(ServiceProcess::askToEnd);
        enter(anyAlive() ? State.STOPPING : State.STOPPED);
    }

    /** Ends the process; it comes back at once. */
    void restart() {
        refuseWhileReplaced();
        pause = FIRST_PAUSE;
        process.ifPresent(ServiceProcess::askToEnd);
    }

    /**
     * Puts another implementation in the place of the running one.
     *
     * @param within until when it has to be ready
     * @return completes when it is in its place; exceptionally with a FaultException when it has
     *     ended and the running one is there as before
     */
    CompletableFuture<Void> replace(List<String> successor, Duration within) {
        refuseWhileReplaced();
        if (state == State.STOPPING || state == State.STOPPED) {
            throw FaultException.of(FaultCode.FAILED_PRECONDITION, "%s stops", name());
        }
        var begun = new Succession(supervisor, this, successor, within);
        succession = Optional.of(begun);
        return begun.begin();
    }

    private void refuseWhileReplaced() {
        if (succession.isPresent()) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION, "%s is being replaced already", name());
        }
    }

    /** The successor has the service: it is this child's process from now on. */
    void succeed(ServiceProcess successor) {
        succession = Optional.empty();
        process.filter(ServiceProcess::isAlive)
                .ifPresent(
                        predecessor -> {
                            predecessors.add(predecessor);
                            predecessor.askToEnd();
                        });
        successor.toldTo(this);
        process = Optional.of(successor);
        command = successor.command();
        enter(State.READY);
    }

    /**
     * The successor has failed and is gone.
     *
     * @param serves whether the process still has its addresses; else it is started again
     * @return whether the process that was there before goes on
     */
    boolean keep(boolean serves) {
        succession = Optional.empty();
        if (state == State.STOPPING) {
            stopped();
            return true;
        }
        boolean goesOn = serves && pid() != 0;
        if (!goesOn) {
            restart();
        }
        return goesOn;
    }

    private void enter(State next) {
        state = next;
        since = System.nanoTime();
        supervisor.changed();
    }
}
