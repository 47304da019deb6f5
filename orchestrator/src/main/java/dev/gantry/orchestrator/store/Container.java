package dev.gantry.orchestrator.store;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerRecord;
import dev.gantry.orchestrator.model.ContainerState;
import dev.gantry.orchestrator.model.Ending;
import dev.gantry.orchestrator.services.Caller;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One container in memory. Its record is a snapshot that anyone may read at any time; only who has
 * the turn may replace it. Turns are taken in the order in which they are asked for.
 */
public final class Container {
    private final RecordStore store;
    private final ReentrantLock turn = new ReentrantLock(true);
    private volatile ContainerRecord snapshot;
    private volatile String busyWith = "";
    private volatile boolean gone;
    private volatile boolean memoryKill;
    private volatile CompletableFuture<Ending> end = new CompletableFuture<>();

    Container(RecordStore store, ContainerRecord first) {
        this.store = store;
        this.snapshot = first;
        if (first.state() instanceof ContainerState.Stopped stopped) {
            end.complete(stopped.ending());
        }
    }

    /** Its record as it is now. */
    public ContainerRecord record() {
        return snapshot;
    }

    /** Its id. */
    public String id() {
        return snapshot.id();
    }

    /** Replaces the record, on disk first. Only within a turn. */
    public void save(ContainerRecord next) {
        if (!turn.isHeldByCurrentThread()) {
            throw new IllegalStateException("record of " + id() + " replaced out of turn");
        }
        store.write(next);
        snapshot = next;
    }

    /**
     * Does something with the container alone, once all that asked before are through.
     *
     * @param what for the message to those who wait too long, for example {@code pause}
     */
    public <T> T inTurn(Caller caller, String what, Supplier<T> work) {
        take(caller, what);
        busyWith = what;
        try {
            if (gone) {
                throw FaultException.of(
                        FaultCode.NOT_FOUND, "container %s was removed", snapshot.shortId());
            }
            return work.get();
        } finally {
            busyWith = "";
            turn.unlock();
        }
    }

    private void take(Caller caller, String what) {
        try {
            if (!turn.tryLock(caller.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
                throw FaultException.of(
                        FaultCode.UNAVAILABLE,
                        "cannot %s container %s: it is busy with %s",
                        what,
                        snapshot.shortId(),
                        busyWith.isEmpty() ? "another request" : busyWith);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "interrupted while waiting for %s", snapshot.shortId());
        }
    }

    /** Completes when the present run of the container is over and what it held is given back. */
    public CompletableFuture<Ending> end() {
        return end;
    }

    /** A further run begins. */
    void runsAgain() {
        memoryKill = false;
        if (end.isDone()) {
            end = new CompletableFuture<>();
        }
    }

    /** Notes that the kernel killed one of its processes for memory. */
    public void killedForMemory() {
        memoryKill = true;
    }

    /** Whether the kernel has killed one of its processes for memory in this run. */
    public boolean wasKilledForMemory() {
        return memoryKill;
    }

    /** Nobody finds it any more. */
    void leave() {
        gone = true;
    }

    /** Whether it has been removed. */
    public boolean gone() {
        return gone;
    }
}
