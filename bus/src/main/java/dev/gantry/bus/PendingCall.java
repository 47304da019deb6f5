package dev.gantry.bus;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A call that is not answered yet; at its deadline it answers itself with UNAVAILABLE. */
final class PendingCall<R> {
    private final Operation<R> operation;
    private final String name;
    private final CompletableFuture<Reply<R>> future = new CompletableFuture<>();

    PendingCall(Contract<?> contract, Operation<R> operation) {
        this.operation = operation;
        this.name = OperationCodec.name(contract, operation);
    }

    CompletableFuture<Reply<R>> future() {
        return future;
    }

    boolean isDone() {
        return future.isDone();
    }

    void expireAfter(Duration timeout, ScheduledExecutorService timer) {
        var expiry =
                timer.schedule(
                        () -> fail(FaultCode.UNAVAILABLE, notWithin(timeout)),
                        timeout.toNanos(),
                        TimeUnit.NANOSECONDS);
        future.whenComplete((reply, failure) -> expiry.cancel(false));
    }

    void fail(FaultCode code, String message) {
        fail(Fault.of(code, message));
    }

    void fail(Fault fault) {
        future.complete(new Reply.Failed<>(fault.in(name, operation.subject())));
    }

    void succeed(byte[] body) {
        try {
            future.complete(
                    new Reply.Ok<>(OperationCodec.decodeResult(operation.resultType(), body)));
        } catch (FaultException e) {
            fail(e.fault());
        }
    }

    static String notWithin(Duration timeout) {
        return "no answer within " + timeout.toMillis() + " ms";
    }

    static ScheduledExecutorService timer() {
        var timer =
                new ScheduledThreadPoolExecutor(
                        1,
                        task -> Thread.ofPlatform().daemon().name("bus-deadlines").unstarted(task));
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }
}
