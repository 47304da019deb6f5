package dev.gantry.bus;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * A request of a contract. Each concern has one sealed interface of operations, whose records are
 * told apart on the wire by the property {@code operation}.
 *
 * @param <R> the record that answers it
 */
public interface Operation<R> {
    /** The class of the answer. */
    @JsonIgnore
    Class<R> resultType();

    /** The container, image, network or path that the operation is about; may be empty. */
    @JsonIgnore
    String subject();

    /**
     * Whether the bus may deliver the operation once more when the service died over it. Operations
     * are idempotent by the container's id; those that make a new one each time say no.
     */
    @JsonIgnore
    default boolean repeatable() {
        return true;
    }
}
