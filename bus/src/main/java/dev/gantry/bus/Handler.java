package dev.gantry.bus;

/**
 * Carries out the operations of a contract. Called on a virtual thread, any number at a time; may
 * block. A {@link dev.gantry.bus.fault.FaultException} becomes the caller's fault; any other
 * exception is a defect, logged and answered INTERNAL.
 */
@FunctionalInterface
public interface Handler<O extends Operation<?>> {
    /** Returns a record of the class that the operation's {@code resultType} names. */
    Object handle(Request<O> request);
}
