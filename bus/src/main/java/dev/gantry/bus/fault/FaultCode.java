package dev.gantry.bus.fault;

/** The closed set of reasons for which an operation can fail. */
public enum FaultCode {
    /** The request itself is wrong: nothing was done. */
    INVALID_ARGUMENT,
    /** The subject does not exist. */
    NOT_FOUND,
    /** The subject exists already, in another form than the one asked for. */
    ALREADY_EXISTS,
    /** The subject is in a state that does not allow the operation. */
    FAILED_PRECONDITION,
    /** The caller, or the service towards the kernel, lacks the right. */
    PERMISSION_DENIED,
    /** A limit, a quota or a pool is used up. */
    RESOURCE_EXHAUSTED,
    /** The kernel or the host cannot do this. */
    UNSUPPORTED,
    /** The service is not there or did not answer in time: the outcome is unknown, try again. */
    UNAVAILABLE,
    /** A defect of Gantry's own. */
    INTERNAL
}
