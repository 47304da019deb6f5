package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import java.time.Duration;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/** Begins a transfer, follows it to its end, and ends it at Ctrl-C. */
final class Transfers {
    private static final int WAIT_MILLIS = 10_000;
    private static final Duration FOLLOW = Duration.ofSeconds(30);

    /** How often a transfer is begun again when storage-svc was restarted under it. */
    private static final int RESTARTS = 3;

    private static final int INTERRUPTED = 130;

    private final Engine engine;

    Transfers(Engine engine) {
        this.engine = engine;
    }

    /**
     * Carries a transfer out; a fault of its own is thrown.
     *
     * @param operation made of the transfer's id
     * @param seen is told each change
     */
    Transfer run(Function<String, TransferOperation<Transfer>> operation, Consumer<Transfer> seen) {
        return run(operation, seen, RESTARTS);
    }

    /** As {@link #run}, for what cannot be begun again: its stream is spent. */
    Transfer runOnce(
            Function<String, TransferOperation<Transfer>> operation, Consumer<Transfer> seen) {
        return run(operation, seen, 0);
    }

    private Transfer run(
            Function<String, TransferOperation<Transfer>> operation,
            Consumer<Transfer> seen,
            int restarts) {
        var id = "cli-" + UUID.randomUUID();
        Invocation.current().onSignal("INT", () -> cancel(id));
        Invocation.current().onSignal("TERM", () -> cancel(id));
        var request = operation.apply(id);
        var now = ask(request);
        int begun = 0;
        while (now.state() == Transfer.State.RUNNING) {
            seen.accept(now);
            try {
                now = ask(new TransferOperation.Follow(id, now.version(), WAIT_MILLIS));
            } catch (FaultException e) {
                boolean forgotten = e.fault().code() == FaultCode.NOT_FOUND;
                if (!forgotten || ++begun > restarts) {
                    throw e;
                }
                now = ask(request);
            }
        }
        seen.accept(now);
        if (now.state() != Transfer.State.DONE) {
            throw new FaultException(
                    now.fault().orElse(Fault.of(FaultCode.UNAVAILABLE, "the transfer ended")));
        }
        return now;
    }

    private Transfer ask(TransferOperation<Transfer> operation) {
        return engine.ask(StorageOperation.CONTRACT, operation, FOLLOW);
    }

    private void cancel(String id) {
        try {
            engine.ask(
                    StorageOperation.CONTRACT, new TransferOperation.Cancel(id), Engine.PATIENCE);
        } catch (FaultException e) {
            // A service that does not answer ends it by itself when nobody follows it.
            Invocation.current().err().println("gantry: " + e.getMessage());
        } finally {
            Invocation.current().exit(INTERRUPTED);
        }
    }
}
