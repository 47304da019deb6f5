package dev.gantry.namespace;

import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.namespace.NamespaceResult.Exit;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.namespace.launcher.ControlChannel;
import dev.gantry.namespace.launcher.ControlListener;
import dev.gantry.namespace.launcher.ShimMessage;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A process that a shim holds: a container's init or an exec session. Its state follows what the
 * shim says, in the shim's order, and each change is told once.
 */
final class ShimProcess implements ControlListener {
    /** Who is told of changes; in order, on the reading thread, so it must not block. */
    interface Observer {
        void created(ShimProcess process);

        void started(ShimProcess process);

        void exited(ShimProcess process, Exit exit);

        /** The connection is gone, and the shim had not said how the process ended. */
        void vanished(ShimProcess process);
    }

    private final String id;
    private final Optional<String> execId;
    private final Path directory;
    private final Observer observer;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private Status status = Status.CREATING;
    private boolean forgotten;
    private long pid;
    private Optional<Exit> exit = Optional.empty();
    private Optional<String> reason = Optional.empty();
    private Optional<ControlChannel> channel = Optional.empty();

    ShimProcess(String id, Optional<String> execId, Path directory, Observer observer) {
        this.id = id;
        this.execId = execId;
        this.directory = directory;
        this.observer = observer;
    }

    String id() {
        return id;
    }

    Optional<String> execId() {
        return execId;
    }

    /** Where its shim keeps pid, exit, ctl and attach. */
    Path directory() {
        return directory;
    }

    Path attachSocket() {
        return directory.resolve("attach");
    }

    /** Completes when its shim is gone. */
    CompletableFuture<Void> whenGone() {
        return gone;
    }

    synchronized void control(ControlChannel newChannel) {
        channel = Optional.of(newChannel);
    }

    synchronized Optional<ControlChannel> control() {
        return channel;
    }

    synchronized Status status() {
        return status;
    }

    synchronized long pid() {
        return pid;
    }

    synchronized Optional<Exit> exit() {
        return exit;
    }

    /** Why it could not be started or was lost, where that is known. */
    synchronized Optional<String> reason() {
        return reason;
    }

    synchronized NamespaceResult.State state() {
        return new NamespaceResult.State(
                execId.map(exec -> id + "/" + exec).orElse(id), status, pid, exit);
    }

    /** What was found of a process that is older than this service; nobody is told. */
    synchronized void found(Status newStatus, long newPid, Optional<Exit> newExit) {
        if (status != Status.STOPPED) {
            status = newStatus;
            pid = newPid;
            exit = newExit;
        }
    }

    @Override
    public void said(ShimMessage message) {
        switch (message) {
            case ShimMessage.Created created -> {
                synchronized (this) {
                    pid = created.pid();
                    status = created.running() ? Status.RUNNING : Status.CREATED;
                }
                observer.created(this);
                if (created.running()) {
                    observer.started(this);
                }
            }
            case ShimMessage.Started _ -> {
                synchronized (this) {
                    status = Status.RUNNING;
                }
                observer.started(this);
            }
            case ShimMessage.Exited(var code, var signal, var nanos) ->
                    ended(new Exit(code, signal, nanos), Optional.empty());
            case ShimMessage.Failed failed -> {
                if (status() == Status.CREATED && failed.op() >= 0) {
                    synchronized (this) {
                        reason = Optional.of(failed.message());
                    }
                }
            }
            case ShimMessage.Timings _, ShimMessage.Ok _, ShimMessage.Status _ -> {
                // heard by who asked
            }
        }
    }

    /** Its files are about to be removed: none may be written any more. */
    synchronized void forget() {
        forgotten = true;
    }

    /** Writes a file of it, unless it is forgotten. */
    synchronized void ifKept(Runnable write) {
        if (!forgotten) {
            write.run();
        }
    }

    /** Records the end, once. */
    void ended(Exit how, Optional<String> why) {
        synchronized (this) {
            if (status == Status.STOPPED) {
                return;
            }
            status = Status.STOPPED;
            exit = Optional.of(how);
            reason = why.or(() -> reason);
        }
        observer.exited(this, how);
    }

    @Override
    public void gone() {
        boolean lost;
        synchronized (this) {
            channel = Optional.empty();
            lost = status == Status.CREATED || status == Status.RUNNING;
        }
        if (lost) {
            observer.vanished(this); // who finds out completes `gone`, or connects again
        } else {
            gone.complete(null);
        }
    }
}
