package dev.gantry.orchestrator.supervisor;

import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * One process of a service, from its start to its end, and what it says by sd_notify(3) over a
 * socket of its own. All methods run on the supervisor's one thread.
 */
final class ServiceProcess {
    /** Is told once of each. */
    interface Listener {
        void ready(ServiceProcess process);

        void ended(ServiceProcess process);
    }

    private final Supervisor supervisor;
    private final List<String> command;
    private final Optional<NotifySocket> socket;
    private Process process;
    private Listener listener;
    private boolean ready;
    private long heard = System.nanoTime();
    private long changed = heard;

    private ServiceProcess(
            Supervisor supervisor,
            List<String> command,
            Optional<NotifySocket> socket,
            Listener listener) {
        this.supervisor = supervisor;
        this.command = command;
        this.socket = socket;
        this.listener = listener;
    }

    /** Starts a process of {@code service}, as its user and with its rights. */
    static ServiceProcess start(
            Supervisor supervisor,
            ServiceTable.Service service,
            List<String> command,
            Listener listener)
            throws IOException {
        var socket =
                service.notifies()
                        ? Optional.of(
                                new NotifySocket(supervisor.notifyPath(service), service.uid()))
                        : Optional.<NotifySocket>empty();
        var started = new ServiceProcess(supervisor, command, socket, listener);
        try {
            started.launch(service);
        } catch (IOException e) {
            started.letGo();
            throw e;
        }
        return started;
    }

    private void launch(ServiceTable.Service service) throws IOException {
        var layout = supervisor.layout();
        var builder = new ProcessBuilder(ServiceTable.confined(service, command));
        builder.directory(new File("/"));
        var environment = builder.environment();
        environment.keySet().retainAll(List.of("PATH", "LANG", "TZ"));
        environment.put("HOME", "/nonexistent");
        environment.put("GANTRY_BUS", layout.busSocket().toString());
        environment.put("GANTRY_RUN", layout.run(service.name()).toString());
        environment.put("GANTRY_STATE", layout.state(service.name()).toString());
        environment.put("GANTRY_INSTANCE", layout.instance());
        if (socket.isPresent()) {
            environment.put("NOTIFY_SOCKET", socket.get().path().toString());
            environment.put("WATCHDOG_USEC", Long.toString(Child.WATCHDOG / 1000));
            socket.get().listen(line -> supervisor.later(() -> said(line)));
        }
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        var log = ProcessBuilder.Redirect.appendTo(supervisor.logFile(service.name()).toFile());
        builder.redirectOutput(log).redirectError(log);
        process = builder.start();
        process.onExit().thenAccept(gone -> supervisor.later(this::ended));
    }

    private void said(String line) {
        heard = System.nanoTime();
        if (line.equals("READY=1") && !ready) {
            ready = true;
            listener.ready(this);
        }
    }

    private void ended() {
        letGo();
        listener.ended(this);
    }

    private void letGo() {
        try {
            if (socket.isPresent()) {
                socket.get().close();
            }
        } catch (IOException e) {
            supervisor.log("closing " + socket.get().path() + ": " + e);
        }
    }

    /** From now on somebody else is told. */
    void toldTo(Listener next) {
        listener = next;
    }

    List<String> command() {
        return command;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** When it last said something, or was started; in the terms of {@link System#nanoTime}. */
    long heard() {
        return heard;
    }

    /** When it was started, or was last asked to end. */
    long since() {
        return changed;
    }

    /** How it ended, for people. */
    String end() {
        int code = process.exitValue();
        return code > 128 ? "killed by signal " + (code - 128) : "exit code " + code;
    }

    /** SIGTERM. */
    void askToEnd() {
        changed = System.nanoTime();
        process.destroy();
    }

    /** SIGKILL. */
    void kill() {
        heard = System.nanoTime();
        changed = heard;
        process.destroyForcibly();
    }
}
