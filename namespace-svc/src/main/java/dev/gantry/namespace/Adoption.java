package dev.gantry.namespace;

import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.linux.Errno;
import dev.gantry.namespace.launcher.ControlChannel;
import dev.gantry.namespace.launcher.Launcher;
import dev.gantry.namespace.launcher.NamespaceKernel;
import dev.gantry.namespace.launcher.Pause;
import dev.gantry.namespace.launcher.ShimMessage;
import dev.gantry.namespace.launcher.ShimRequest;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * What a fresh service does with the containers of an earlier one: it connects to the shims that
 * live, and tells once how those ended that died meanwhile.
 */
final class Adoption {
    private static final Duration WITHIN = Duration.ofSeconds(5);

    /** How soon the kernel has ended a process whose death signal its shim's end is. */
    private static final Duration DIES_WITHIN = Duration.ofSeconds(2);

    private final NamespaceKernel kernel;
    private final Launcher launcher;
    private final RuntimeFiles files;
    private final RuntimeEvents events;

    Adoption(NamespaceKernel kernel, Launcher launcher, RuntimeFiles files, RuntimeEvents events) {
        this.kernel = kernel;
        this.launcher = launcher;
        this.files = files;
        this.events = events;
    }

    /** All containers that have left a trace. */
    List<Container> all() {
        var there = files.containers();
        // a record without a directory: its launch never began, or its files were removed
        files.keepOnly(Set.copyOf(there));
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var tasks = there.stream().map(id -> (Callable<Container>) () -> adopt(id)).toList();
            return threads.invokeAll(tasks).stream()
                    .map(
                            done -> {
                                try {
                                    return done.get();
                                } catch (ExecutionException | InterruptedException e) {
                                    throw new IllegalStateException("adopt a container", e);
                                }
                            })
                    .toList();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private Container adopt(String id) {
        var init = new ShimProcess(id, Optional.empty(), files.directory(id), events);
        take(init);
        var container = new Container(id, init, files.load(id));
        for (String execId : files.sessions(id)) {
            var session =
                    new ShimProcess(id, Optional.of(execId), files.directory(id, execId), events);
            take(session);
            container.sessions().put(execId, session);
        }
        return container;
    }

    /** Connects to the shim of a process, or finds out how it ended. */
    void take(ShimProcess process) {
        var deadline = Instant.now().plus(WITHIN);
        while (true) {
            if (connect(process, deadline)) {
                return;
            }
            var told = files.told(process);
            var exit = files.exitOf(process).or(() -> told);
            if (exit.isPresent()) {
                stopped(process, exit.get(), told.isPresent());
                return;
            }
            // no socket and no exit: it is being made just now, or its shim was killed
            boolean shimLives = kernel.probeLock(process.directory()).errno() == Errno.EAGAIN;
            if (!shimLives || Instant.now().isAfter(deadline)) {
                var orphan = Orphan.of(process, DIES_WITHIN);
                if (orphan.isPresent()) {
                    orphan.get().follow();
                    return;
                }
                process.ended(
                        new Exit(137, 9, RuntimeEvents.now()),
                        Optional.of("its shim was killed, and the kernel killed it with it"));
                process.whenGone().complete(null);
                return;
            }
            Pause.millis(10);
        }
    }

    private static void settled(ShimProcess process, Exit exit) {
        process.found(Status.STOPPED, 0, Optional.of(exit));
        process.whenGone().complete(null);
    }

    private void stopped(ShimProcess process, Exit exit, boolean told) {
        if (told) {
            settled(process, exit);
        } else {
            process.ended(exit, Optional.empty());
            process.whenGone().complete(null);
        }
    }

    private boolean connect(ShimProcess process, Instant deadline) {
        Path ctl = process.directory().resolve("ctl");
        ControlChannel channel;
        try {
            channel = launcher.connectShim(ctl, process, deadline);
        } catch (FaultException nobody) {
            return false;
        }
        process.control(channel);
        try {
            var status =
                    channel.ask(ShimRequest.STATE, Launcher.nothing(), deadline)
                            .as(ShimMessage.Status.class);
            if (status.phase() == 2 && files.told(process).isPresent()) {
                process.found(
                        Status.STOPPED,
                        status.pid(),
                        Optional.of(new Exit(status.code(), status.signal(), status.exitNanos())));
                return true;
            }
            process.found(
                    status.phase() == 0 ? Status.CREATED : Status.RUNNING,
                    status.pid(),
                    Optional.empty());
            channel.ask(ShimRequest.WATCH, Launcher.nothing(), deadline).as(ShimMessage.Ok.class);
            return true;
        } catch (FaultException lostMeanwhile) {
            channel.close();
            return false;
        }
    }
}
