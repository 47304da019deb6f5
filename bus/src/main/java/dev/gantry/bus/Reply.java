package dev.gantry.bus;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultException;

/** What an operation came to: a result or a fault, never an exception across the bus. */
public sealed interface Reply<R> {
    /** The operation was done. */
    record Ok<R>(R result) implements Reply<R> {}

    /** The operation was not done, or (UNAVAILABLE) its outcome is unknown. */
    record Failed<R>(Fault fault) implements Reply<R> {}

    /** The result, or the fault as an exception. */
    default R orThrow() {
        return switch (this) {
            case Ok<R>(var result) -> result;
            case Failed<R>(var fault) -> throw new FaultException(fault);
        };
    }
}
