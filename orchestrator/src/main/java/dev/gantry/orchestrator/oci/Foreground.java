package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceResult.Created;
import dev.gantry.orchestrator.cli.Streams;
import dev.gantry.orchestrator.cli.Terminal;
import dev.gantry.orchestrator.invocation.Invocation;

import java.util.List;
import java.util.Optional;

/** A process that this command stands for: signals go in, the exit code comes out. */
final class Foreground {
    /** What a caller may send; the rest is the JVM's, or has no meaning for another process. */
    private static final List<String> FORWARDED =
            List.of("HUP", "INT", "TERM", "USR2", "CONT", "ALRM", "WINCH", "TTIN", "TTOU", "TSTP");

    private final Services services;
    private final String key;
    private final Optional<String> execId;
    private final CalledShim shim;
    private Runnable started = () -> {};

    /**
     * @param execId empty: a container's init, which is to be started
     */
    Foreground(Services services, String key, Optional<String> execId, CalledShim shim) {
        this.services = services;
        this.key = key;
        this.execId = execId;
        this.shim = shim;
    }

    /**
     * Starts it, if it is not, and waits for its end.
     *
     * @param relay it has a terminal, which is joined to this command's own
     */
    int run(Created created, boolean relay) {
        return relay ? relayed(created) : inherited(created);
    }

    private int inherited(Created created) {
        long pid = created.pid();
        long startTime = ProcStat.startTime(pid);
        var signalling = new Signalling(services);
        for (var name : FORWARDED) {
            int number = dev.gantry.orchestrator.model.Signals.number(name);
            Invocation.current().onSignal(name, () -> signalling.send(pid, startTime, number));
        }
        start();
        return shim.await();
    }

    private int relayed(Created created) {
        try (var attached =
                new Streams(Terminal.isTerminal(0), true, "").attach(created.attachSocket())) {
            start();
            attached.followSize(
                    size ->
                            services.ask(
                                    new NamespaceOperation.Resize(
                                            key, execId, size.rows(), size.columns())));
            return attached.pump();
        }
    }

    /** What is to be done once a container's init executes its command. */
    void whenStarted(Runnable action) {
        started = action;
    }

    private void start() {
        if (execId.isPresent()) {
            return; // it runs, or goes on when somebody attaches
        }
        services.ask(new NamespaceOperation.Start(key));
        started.run();
    }
}
