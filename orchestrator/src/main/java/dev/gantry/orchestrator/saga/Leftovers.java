package dev.gantry.orchestrator.saga;

import com.fasterxml.jackson.core.type.TypeReference;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.Clock;
import dev.gantry.orchestrator.services.Caller;
import dev.gantry.orchestrator.services.Services;
import dev.gantry.orchestrator.store.AtomicFile;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Undos that have not succeeded yet, durable in {@code leftovers.json}: tried again at each start
 * and every few seconds until they do.
 */
public final class Leftovers implements Saga.Remainder {
    private static final System.Logger LOG = System.getLogger(Leftovers.class.getName());
    private static final Duration BOUND = Duration.ofSeconds(10);
    private static final long MAX_PAUSE_NANOS = Duration.ofMinutes(5).toNanos();

    /**
     * An undo that is still to be done.
     *
     * @param reason why it has not succeeded
     * @param notBeforeNanos when it may be tried next, since the Unix epoch
     */
    public record Leftover(Undo undo, String reason, int attempts, long notBeforeNanos) {}

    private final Path file;
    private final Undoing undoing;
    private final Map<Undo, Leftover> waiting = new LinkedHashMap<>();

    /** Takes up what an earlier run could not undo. */
    public Leftovers(Path state, Undoing undoing) {
        this.file = state.resolve("leftovers.json");
        this.undoing = undoing;
        try {
            AtomicFile.read(file, new TypeReference<List<Leftover>>() {})
                    .orElse(List.of())
                    .forEach(l -> waiting.put(l.undo(), l));
        } catch (IOException e) {
            throw FaultException.of(FaultCode.INTERNAL, "read %s: %s", file, e);
        }
    }

    /**
     * Keeps an undo that failed, or one for later: a step that timed out may still take effect
     * after it was undone for the first time.
     */
    @Override
    public synchronized void keep(Undo undo, String reason, Duration pause) {
        var known = waiting.get(undo);
        waiting.put(
                undo,
                new Leftover(
                        undo,
                        reason,
                        known == null ? 0 : known.attempts(),
                        Clock.nowNanos() + pause.toNanos()));
        save();
        LOG.log(System.Logger.Level.WARNING, "will {0} later: {1}", undo.words(), reason);
    }

    /** What is still to be undone. */
    public synchronized List<Leftover> list() {
        return List.copyOf(waiting.values());
    }

    /** Tries all that are due once. */
    public void retry() {
        var now = Clock.nowNanos();
        for (var leftover : list()) {
            if (leftover.notBeforeNanos() <= now) {
                retry(leftover);
            }
        }
    }

    private void retry(Leftover leftover) {
        try {
            Services.await(undoing.begin(leftover.undo(), Caller.within(BOUND)));
            synchronized (this) {
                waiting.remove(leftover.undo());
                save();
            }
        } catch (FaultException e) {
            int attempts = leftover.attempts() + 1;
            long pause = Math.min(MAX_PAUSE_NANOS, 1_000_000_000L << Math.min(20, attempts));
            synchronized (this) {
                waiting.put(
                        leftover.undo(),
                        new Leftover(
                                leftover.undo(),
                                e.fault().message(),
                                attempts,
                                Clock.nowNanos() + pause));
                save();
            }
        }
    }

    private void save() {
        try {
            AtomicFile.write(file, new ArrayList<>(waiting.values()));
        } catch (IOException e) {
            // Still known in memory, and tried from there; only a crash now would lose it.
            LOG.log(System.Logger.Level.ERROR, "write {0}: {1}", file, e);
        }
    }
}
