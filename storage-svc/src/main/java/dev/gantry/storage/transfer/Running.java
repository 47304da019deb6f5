package dev.gantry.storage.transfer;

import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.Transfer.Part;
import dev.gantry.bus.contract.storage.Transfer.Phase;
import dev.gantry.bus.contract.storage.Transfer.State;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** One transfer: how far it is, who is told, and whether it is to end. */
public final class Running {
    private static final System.Logger LOG = System.getLogger(Running.class.getName());

    /** Bytes alone are told so often, not at each read. */
    private static final long TELL_NANOS = Duration.ofMillis(100).toNanos();

    private final String id;
    private final TransferOperation<Transfer> operation;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by lock.
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final List<Image> images = new ArrayList<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private final Set<AutoCloseable> open = new LinkedHashSet<>();
    private Optional<String> digest = Optional.empty();
    private Optional<Fault> fault = Optional.empty();
    private Optional<String> cancelled = Optional.empty();
    private State state = State.RUNNING;
    private long version = 1;
    private long told;
    private long seen = System.nanoTime();
    private long ended;

    Running(String id, TransferOperation<Transfer> operation) {
        this.id = id;
        this.operation = operation;
    }

    /** One that nobody is told of. */
    public static Running unfollowed() {
        return new Running("", null);
    }

    String id() {
        return id;
    }

    TransferOperation<Transfer> operation() {
        return operation;
    }

    /** Begins to tell of a part. */
    public void part(String digest, Phase phase, long size) {
        change(() -> parts.put(digest, new Part(digest, phase, 0, size)));
    }

    /** A part is further in its life. */
    public void phase(String digest, Phase phase) {
        change(
                () ->
                        parts.computeIfPresent(
                                digest,
                                (key, part) -> new Part(key, phase, part.bytes(), part.size())));
    }

    /** So many bytes of a part were moved. */
    public void moved(String digest, long bytes) {
        lock.lock();
        try {
            parts.computeIfPresent(
                    digest, (key, part) -> new Part(key, Phase.MOVING, bytes, part.size()));
            long now = System.nanoTime();
            if (now - told >= TELL_NANOS) {
                told = now;
                tell();
            }
        } finally {
            lock.unlock();
        }
    }

    /** An image came of it. */
    public void image(Image image) {
        change(() -> images.add(image));
    }

    /** What was pulled or pushed. */
    public void digest(String value) {
        change(() -> digest = Optional.of(value));
    }

    /** Something worth saying. */
    public void note(String note) {
        change(() -> notes.add(note));
    }

    private void change(Runnable what) {
        lock.lock();
        try {
            what.run();
            tell();
        } finally {
            lock.unlock();
        }
    }

    private void tell() {
        version++;
        changed.signalAll();
    }

    /** Throws if the transfer is to end. */
    public void check() {
        lock.lock();
        try {
            cancelled.ifPresent(
                    why -> {
                        throw FaultException.of(FaultCode.UNAVAILABLE, "%s", why);
                    });
        } finally {
            lock.unlock();
        }
    }

    /** Whether the transfer is to end. */
    public boolean isCancelled() {
        lock.lock();
        try {
            return cancelled.isPresent();
        } finally {
            lock.unlock();
        }
    }

    /** Something that a cancellation closes, whoever waits for it; at once if it was cancelled. */
    public <T extends AutoCloseable> T closing(T resource) {
        lock.lock();
        try {
            open.add(resource);
            if (cancelled.isPresent()) {
                shut(resource);
            }
            return resource;
        } finally {
            lock.unlock();
        }
    }

    /** That is no longer open. */
    public void closed(AutoCloseable resource) {
        lock.lock();
        try {
            open.remove(resource);
        } finally {
            lock.unlock();
        }
    }

    private static void shut(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LOG.log(System.Logger.Level.DEBUG, "closing on cancel: {0}", e.toString());
        }
    }

    void cancel(String why) {
        List<AutoCloseable> toClose;
        lock.lock();
        try {
            if (state != State.RUNNING || cancelled.isPresent()) {
                return;
            }
            cancelled = Optional.of(why);
            toClose = List.copyOf(open);
            tell();
        } finally {
            lock.unlock();
        }
        toClose.forEach(Running::shut);
    }

    void carryOut(Transfers.Work work) {
        try {
            work.run(this);
            end(State.DONE, Optional.empty());
        } catch (FaultException e) {
            failed(e.fault());
        } catch (UncheckedIOException e) {
            failed(fault(e.getCause()));
        } catch (IOException e) {
            failed(fault(e));
        } catch (Exception | LinkageError | StackOverflowError | OutOfMemoryError e) {
            LOG.log(System.Logger.Level.ERROR, "transfer " + id + " " + operation.subject(), e);
            failed(Fault.of(FaultCode.INTERNAL, "a defect of the service: " + e));
        }
    }

    private static Fault fault(IOException e) {
        var text = e.getMessage() == null ? e.toString() : e.getMessage();
        // The JDK tells ENOSPC by its text alone, strerror(3).
        return text.contains("No space left")
                ? new Fault(
                        FaultCode.RESOURCE_EXHAUSTED,
                        "",
                        "",
                        "store: " + text,
                        Optional.of("ENOSPC"))
                : Fault.of(FaultCode.UNAVAILABLE, text);
    }

    private void failed(Fault why) {
        boolean wanted = isCancelled();
        end(
                wanted ? State.CANCELLED : State.FAILED,
                Optional.of(
                        wanted ? Fault.of(FaultCode.UNAVAILABLE, cancelled.orElseThrow()) : why));
    }

    private void end(State how, Optional<Fault> why) {
        change(
                () -> {
                    state = how;
                    fault = why;
                    ended = System.nanoTime();
                    open.clear();
                });
    }

    boolean isRunning() {
        lock.lock();
        try {
            return state == State.RUNNING;
        } finally {
            lock.unlock();
        }
    }

    boolean endedBefore(Duration age) {
        lock.lock();
        try {
            return state != State.RUNNING && System.nanoTime() - ended > age.toNanos();
        } finally {
            lock.unlock();
        }
    }

    boolean unseenFor(Duration time) {
        lock.lock();
        try {
            return System.nanoTime() - seen > time.toNanos();
        } finally {
            lock.unlock();
        }
    }

    Transfer look() {
        lock.lock();
        try {
            seen = System.nanoTime();
            return new Transfer(
                    id,
                    state,
                    version,
                    List.copyOf(parts.values()),
                    images,
                    digest,
                    List.copyOf(notes),
                    fault.map(f -> f.in("storage.v1 transfer", operation.subject())));
        } finally {
            lock.unlock();
        }
    }

    Transfer follow(long known, Duration within) {
        lock.lock();
        try {
            long left = within.toNanos();
            while (version == known && state == State.RUNNING && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
        return look();
    }

    void awaitEnd(Duration within) {
        lock.lock();
        try {
            long left = within.toNanos();
            while (state == State.RUNNING && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
