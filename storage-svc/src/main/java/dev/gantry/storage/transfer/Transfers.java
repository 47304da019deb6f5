package dev.gantry.storage.transfer;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The transfers of this run of the service. Each works on a thread of its own, so that the threads
 * that answer requests are free; none outlives its caller by more than {@link #ABANDONED}.
 */
public final class Transfers implements AutoCloseable {
    private static final Duration ABANDONED = Duration.ofSeconds(60);
    private static final Duration REMEMBERED = Duration.ofMinutes(5);
    private static final int MOST_RUNNING = 32;
    private static final int MOST_REMEMBERED = 256;

    private final Map<String, Running> transfers = new LinkedHashMap<>();
    private Thread watch;
    private boolean closed;

    /** What a transfer does. */
    @FunctionalInterface
    public interface Work {
        /** Does it, telling how far it is; whatever it throws is how it failed. */
        void run(Running running) throws Exception;
    }

    /** Begins a transfer, unless it has begun already. */
    public synchronized Transfer begin(
            TransferOperation<Transfer> operation, String id, Work work) {
        var known = transfers.get(id);
        if (known != null) {
            if (!known.operation().equals(operation)) {
                throw FaultException.of(
                        FaultCode.ALREADY_EXISTS, "transfer %s is another one already", id);
            }
            return known.look();
        }
        if (closed) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "storage-svc stops");
        }
        forget();
        if (transfers.values().stream().filter(Running::isRunning).count() >= MOST_RUNNING) {
            throw FaultException.of(
                    FaultCode.RESOURCE_EXHAUSTED, "%d transfers run already", MOST_RUNNING);
        }
        var running = new Running(id, operation);
        transfers.put(id, running);
        Thread.ofPlatform().daemon().name("transfer-" + id).start(() -> running.carryOut(work));
        if (watch == null) {
            watch = Thread.ofPlatform().daemon().name("transfer-watch").start(this::watch);
        }
        return running.look();
    }

    private void forget() {
        transfers
                .values()
                .removeIf(
                        running ->
                                !running.isRunning()
                                        && (running.endedBefore(REMEMBERED)
                                                || transfers.size() > MOST_REMEMBERED));
    }

    private synchronized Running find(String id) {
        var running = transfers.get(id);
        if (running == null) {
            throw FaultException.of(FaultCode.NOT_FOUND, "no such transfer: %s", id);
        }
        return running;
    }

    /** How far a transfer is, once that differs from what the caller has seen. */
    public Transfer follow(String id, long seen, Duration within) {
        return find(id).follow(seen, within);
    }

    /** Ends a transfer. */
    public Done cancel(String id) {
        Running running;
        synchronized (this) {
            running = transfers.get(id);
        }
        if (running != null) {
            running.cancel("transfer " + id + " was cancelled");
        }
        return Done.nothing();
    }

    /** Cancels what nobody follows any more. Ends when nothing runs. */
    private void watch() {
        try {
            while (true) {
                Thread.sleep(1000);
                synchronized (this) {
                    var active = transfers.values().stream().filter(Running::isRunning).toList();
                    for (var running : active) {
                        if (running.unseenFor(ABANDONED)) {
                            running.cancel("nobody follows the transfer " + running.id());
                        }
                    }
                    if (active.isEmpty()) {
                        watch = null;
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Cancels all, and waits for them. */
    @Override
    public void close() {
        Iterable<Running> all;
        synchronized (this) {
            closed = true;
            all = java.util.List.copyOf(transfers.values());
        }
        all.forEach(running -> running.cancel("storage-svc stops"));
        all.forEach(running -> running.awaitEnd(Duration.ofSeconds(5)));
    }
}
