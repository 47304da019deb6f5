package dev.gantry.bus;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

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

    void expireAfter(Duration timeout, Deadlines deadlines) {
        var deadline =
                deadlines.after(timeout, () -> fail(FaultCode.UNAVAILABLE, notWithin(timeout)));
        future.whenComplete((reply, failure) -> deadline.cancel());
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
}
