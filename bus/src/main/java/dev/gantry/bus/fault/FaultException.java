package dev.gantry.bus.fault;

import java.util.Optional;

/** A {@link Fault} on its way up through a service; the bus turns it back into a value. */
public final class FaultException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Fault fault;

    /** Wraps a fault. */
    public FaultException(Fault fault) {
        super(fault.message());
        this.fault = fault;
    }

    /** Wraps a fault and what caused it. */
    public FaultException(Fault fault, Throwable cause) {
        super(fault.message(), cause);
        this.fault = fault;
    }

    /** A fault with a message that is formatted as by {@link String#format}. */
    public static FaultException of(FaultCode code, String format, Object... arguments) {
        return new FaultException(Fault.of(code, String.format(format, arguments)));
    }

    /** A refusal of bad input, before any side effect. */
    public static FaultException invalid(String format, Object... arguments) {
        return of(FaultCode.INVALID_ARGUMENT, format, arguments);
    }

    /** A failed kernel call: the message names call, path and value; the errno is appended. */
    public static FaultException kernel(
            FaultCode code, String errno, String format, Object... arguments) {
        var message = String.format(format, arguments) + ": " + errno;
        return new FaultException(new Fault(code, "", "", message, Optional.of(errno)));
    }

    /** The fault as a value. */
    public Fault fault() {
        return fault;
    }
}
