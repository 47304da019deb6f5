package dev.gantry.orchestrator.supervisor;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One supervised process: started, expected to say READY within a deadline and WATCHDOG ever after,
 * and started again with growing pauses when it ends. All methods run on the supervisor's one
 * thread.
 */
final class Child {
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
    private static final long SETTLED_AFTER = Duration.ofSeconds(10).toNanos();
    private static final long FIRST_PAUSE = Duration.ofMillis(50).toNanos();
    private static final long LONGEST_PAUSE = Duration.ofSeconds(5).toNanos();
    private static final long STOP_WITHIN = Duration.ofSeconds(10).toNanos();

    private final ServiceTable.Service service;
    private final Supervisor supervisor;
    private final boolean notifies;
    private List<String> command;
    private NotifySocket socket;
    private Process process;
    private State state = State.STOPPED;
    private long since = System.nanoTime();
    private long heard;
    private long pause = FIRST_PAUSE;
    private int restarts;
    private String lastEnd = "";

    Child(ServiceTable.Service service, List<String> command, Supervisor supervisor) {
        this.service = service;
        this.command = command;
        this.supervisor = supervisor;
        // The launcher is ready when it listens: it has no start-up to speak of.
        this.notifies = service.uid() != 0;
    }

    String name() {
        return service.name();
    }

    State state() {
        return state;
    }

    long pid() {
        return process == null || !process.isAlive() ? 0 : process.pid();
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
        var builder = new ProcessBuilder(ServiceTable.confined(service, command));
        builder.directory(new File("/"));
        var environment = builder.environment();
        environment.keySet().retainAll(List.of("PATH", "LANG", "TZ"));
        environment.put("HOME", "/nonexistent");
        environment.put("GANTRY_BUS", supervisor.layout().busSocket().toString());
        environment.put("GANTRY_RUN", supervisor.layout().run(service.name()).toString());
        environment.put("GANTRY_STATE", supervisor.layout().state(service.name()).toString());
        environment.put("GANTRY_INSTANCE", supervisor.layout().instance());
        if (notifies) {
            environment.put("NOTIFY_SOCKET", notifySocket().path().toString());
            environment.put("WATCHDOG_USEC", Long.toString(WATCHDOG / 1000));
        }
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        var log = ProcessBuilder.Redirect.appendTo(supervisor.logFile(service.name()).toFile());
        builder.redirectOutput(log).redirectError(log);
        process = builder.start();
        enter(State.STARTING);
        heard = System.nanoTime();
        var started = process;
        started.onExit().thenAccept(ended -> supervisor.later(() -> ended(ended)));
        if (!notifies) {
            enter(State.READY);
        }
    }

    private NotifySocket notifySocket() throws IOException {
        if (socket == null) {
            Path path = supervisor.layout().run("supervisor").resolve(service.name() + ".notify");
            socket =
                    new NotifySocket(
                            path, service.uid(), line -> supervisor.later(() -> said(line)));
        }
        return socket;
    }

    private void said(String line) {
        heard = System.nanoTime();
        if (line.equals("READY=1") && state == State.STARTING) {
            enter(State.READY);
        }
    }

    private void ended(Process ended) {
        if (ended != process) {
            return;
        }
        int code = ended.exitValue();
        lastEnd = code > 128 ? "killed by signal " + (code - 128) : "exit code " + code;
        if (state == State.STOPPING) {
            enter(State.STOPPED);
            return;
        }
        boolean settled = state == State.READY && System.nanoTime() - since > SETTLED_AFTER;
        pause = settled ? FIRST_PAUSE : pause;
        supervisor.log(service.name() + " ended (" + lastEnd + "), starts again");
        enter(State.PAUSING);
    }

    /** Does what time demands: restart after a pause, kill what does not answer. */
    void tick(long now) throws IOException {
        switch (state) {
            case PAUSING -> {
                if (now - since >= pause) {
                    pause = Math.min(pause * 2, LONGEST_PAUSE);
                    restarts++;
                    start();
                }
            }
            case STARTING -> {
                if (now - since > READY_WITHIN) {
                    kill("was not ready after 60 s");
                }
            }
            case READY -> {
                if (notifies && now - heard > WATCHDOG) {
                    kill("said nothing for 20 s");
                }
            }
            case STOPPING -> {
                if (now - since > STOP_WITHIN) {
                    kill("did not stop within 10 s");
                }
            }
            case STOPPED -> {}
        }
    }

    private void kill(String why) {
        supervisor.log(service.name() + " " + why + ", is killed");
        process.destroyForcibly();
        heard = System.nanoTime();
        since = heard;
    }

    /** Asks the process to end, and does not start it again. */
    void stop() {
        if (state == State.STOPPING || state == State.STOPPED) {
            return;
        }
        boolean alive = process != null && process.isAlive();
        enter(alive ? State.STOPPING : State.STOPPED);
        if (alive) {
            process.destroy();
        }
    }

    /** Ends the process; it comes back at once. */
    void restart() {
        pause = FIRST_PAUSE;
        process.destroy();
    }

    /**
     * Starts another implementation beside the running one. It takes the address over on the bus;
     * then the old process is asked to end.
     */
    void replace(List<String> successor) throws IOException {
        var predecessor = process;
        command = successor;
        start();
        if (predecessor != null && predecessor.isAlive()) {
            supervisor.whenReady(this, predecessor::destroy);
        }
    }

    private void enter(State next) {
        state = next;
        since = System.nanoTime();
        supervisor.changed(this);
    }

    void close() throws IOException {
        if (socket != null) {
            socket.close();
        }
    }
}
