package dev.gantry.bus;

import com.fasterxml.jackson.databind.node.ObjectNode;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The message bus as services and clients see it. The socket and the in-memory implementation keep
 * the same promises (and pass one test kit):
 *
 * <ul>
 *   <li>a call is answered exactly once: by the owner; or with UNAVAILABLE at its deadline, or when
 *       the owner died over it and it may not be repeated;
 *   <li>an address has one owner; {@link #serve} replaces it without any caller seeing a failure;
 *   <li>events of one publisher reach a subscriber in order and once;
 *   <li>after a lost connection the socket implementation connects and registers again by itself,
 *       and subscribers of {@code events.*} get {@code events.bus.gap} first.
 * </ul>
 */
public interface Bus extends AutoCloseable {
    /**
     * Sends an operation; never completes exceptionally. The future may complete on the thread that
     * reads for everyone: what hangs on it must not block, nor call {@link #ask}.
     */
    <O extends Operation<?>, R> CompletableFuture<Reply<R>> call(
            Contract<O> contract, Operation<R> operation, CallOptions options);

    /** {@link #call}, waited for: the result, or a FaultException. Not for event-loop threads. */
    default <O extends Operation<?>, R> R ask(
            Contract<O> contract, Operation<R> operation, CallOptions options) {
        return call(contract, operation, options).join().orThrow();
    }

    /**
     * Becomes the owner of the contract's address. Returns when the bus has acknowledged it. The
     * former owner, if any, drains: it answers what it has begun, new requests come here.
     */
    <O extends Operation<?>> Registration serve(Contract<O> contract, Handler<O> handler);

    /**
     * Publishes an event on {@code events.<concern>.<what>}. Events are sent in the order of the
     * calls.
     */
    void publish(String topic, ObjectNode body);

    /**
     * Receives events, one at a time and in order, until closed. A pattern is a topic or a prefix
     * that ends in {@code *}, for example {@code events.namespace.*} or {@code events.*}.
     */
    Registration subscribe(String pattern, Consumer<Event> subscriber);

    /** Drains and disconnects. */
    @Override
    void close();
}
