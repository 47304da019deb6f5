package dev.gantry.bus;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.wire.Frame;
import dev.gantry.bus.wire.Headers;

import java.util.LinkedHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A frame that awaits an answer; the session remembers it across connections. */
final class Outgoing {
    private final Frame frame;
    private final long deadlineNanos;
    private final boolean repeatable;
    private final Consumer<Frame> answer;
    private final Consumer<Fault> failure;
    private boolean sent;

    Outgoing(
            Frame frame,
            long deadlineNanos,
            boolean repeatable,
            Consumer<Frame> answer,
            Consumer<Fault> failure) {
        this.frame = frame;
        this.deadlineNanos = deadlineNanos;
        this.repeatable = repeatable;
        this.answer = answer;
        this.failure = failure;
    }

    Consumer<Frame> answer() {
        return answer;
    }

    void fail(Fault fault) {
        failure.accept(fault);
    }

    /** Whether sending it now cannot make it happen twice where it must not. */
    boolean maySend() {
        return !sent || repeatable;
    }

    /** The frame, with the time that is left. */
    Frame begin() {
        sent = true;
        var headers = new LinkedHashMap<>(frame.headers());
        var left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
        headers.put(Headers.TIMEOUT, Long.toString(Math.max(1, left)));
        return new Frame(
                frame.type(), frame.address(), frame.replyAddress(), headers, frame.body());
    }
}
