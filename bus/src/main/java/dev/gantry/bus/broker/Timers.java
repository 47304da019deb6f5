package dev.gantry.bus.broker;

import io.vertx.core.Vertx;

import java.time.Duration;

/** Timers on the event loop. */
record Timers(Vertx vertx) {
    long after(Duration pause, Runnable task) {
        return vertx.setTimer(Math.max(1, pause.toMillis()), timer -> task.run());
    }

    void cancel(long timer) {
        if (timer >= 0) {
            vertx.cancelTimer(timer);
        }
    }
}
