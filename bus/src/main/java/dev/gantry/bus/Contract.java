package dev.gantry.bus;

/**
 * An address and the operations that may be sent to it.
 *
 * @param address the service address, for example {@code cgroup.v1}
 * @param operations the sealed interface of its operations
 */
public record Contract<O extends Operation<?>>(String address, Class<O> operations) {}
