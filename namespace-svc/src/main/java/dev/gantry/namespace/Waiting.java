package dev.gantry.namespace;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits with a deadline. */
final class Waiting {
    private Waiting() {}

    /** Until the future completes; UNAVAILABLE, with what was waited for, at the deadline. */
    static void until(CompletableFuture<Void> future, Instant deadline, String what) {
        try {
            long left = Duration.between(Instant.now(), deadline).toNanos();
            future.get(Math.max(0, left), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw FaultException.of(FaultCode.UNAVAILABLE, "%s in time", what);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted: %s", what);
        }
    }
}
