package dev.gantry.orchestrator.build;

import dev.gantry.bus.contract.container.BuildResult.Kind;
import dev.gantry.bus.contract.container.BuildResult.Line;
import dev.gantry.orchestrator.model.Clock;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What a build has to tell, in order. Of output that nobody fetches, the latest is kept. */
final class Progress {
    private static final int KEPT_CHARACTERS = 8 << 20;
    private static final long LINGER_MILLIS = 15;
    private static final int CHUNK_CHARACTERS = 512 << 10;

    private final Deque<Line> lines = new ArrayDeque<>();
    private long next = 1;
    private long characters;
    private boolean ended;

    /** A step of a stage, as its lines name it. */
    record Step(String stage, int number, int of) {}

    synchronized void tell(Kind kind, Step step, String text, Optional<String> image) {
        lines.add(
                new Line(
                        next++,
                        kind,
                        step.stage(),
                        step.number(),
                        step.of(),
                        text,
                        image,
                        Clock.nowNanos()));
        characters += text.length();
        while (characters > KEPT_CHARACTERS) {
            characters -= lines.removeFirst().text().length();
        }
        notifyAll();
    }

    synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** Lines after a number, as soon as there are some or the build has ended. */
    synchronized List<Line> after(long number, long timeoutMillis) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        while (!ended && next - 1 <= number) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return List.of();
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return List.of();
            }
        }
        linger();
        var found = new ArrayList<Line>();
        int length = 0;
        for (var line : lines) {
            if (line.number() > number) {
                found.add(line);
                length += line.text().length();
                if (length > CHUNK_CHARACTERS) {
                    break;
                }
            }
        }
        return found;
    }

    /** Lines come in crowds: one answer brings them all, rather than each its own. */
    private void linger() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS);
        for (long left = LINGER_MILLIS; !ended && left > 0; ) {
            try {
                TimeUnit.MILLISECONDS.timedWait(this, left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
    }

    /** Whether a line is the last there will be. */
    synchronized boolean isLast(long number) {
        return ended && number >= next - 1;
    }
}
