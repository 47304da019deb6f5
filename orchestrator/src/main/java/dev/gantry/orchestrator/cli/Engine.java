package dev.gantry.orchestrator.cli;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.storage.StorageOperation;

import java.time.Duration;

/**
 * The bus, as the command line needs it: over a socket, or in this process with {@code --embedded}.
 */
interface Engine extends AutoCloseable {
    /** How long a plain request may take. */
    Duration PATIENCE = Duration.ofSeconds(60);

    /** How long a request may take that moves image content. */
    Duration LONG_PATIENCE = Duration.ofMinutes(10);

    /** The result of an operation, or its fault as a FaultException. */
    <O extends Operation<?>, R> R ask(
            Contract<O> contract, Operation<R> operation, Duration within);

    @Override
    void close();

    /** {@link #ask} of {@code container.v1}. */
    default <R> R container(ContainerOperation<R> operation) {
        return ask(ContainerOperation.CONTRACT, operation, PATIENCE);
    }

    /** The id of the container that a name or the beginning of an id means. */
    default String containerId(String container) {
        return container(new ContainerOperation.Inspect(container)).container().path("Id").asText();
    }

    /** {@link #ask} of {@code storage.v1}. */
    default <R> R storage(StorageOperation<R> operation) {
        return ask(StorageOperation.CONTRACT, operation, LONG_PATIENCE);
    }

    /** {@link #ask} of {@code network.v1}. */
    default <R> R network(NetworkOperation<R> operation) {
        return ask(NetworkOperation.CONTRACT, operation, PATIENCE);
    }
}
