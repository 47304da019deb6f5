package dev.gantry.bus.fault;

import java.util.Objects;
import java.util.Optional;

/**
 * Why an operation failed, as a value that crosses the bus unchanged.
 *
 * @param code which kind of failure
 * @param operation the operation that failed, for example {@code cgroup.v1 create}
 * @param subject the container, image, path or network it was about; may be empty
 * @param message lower-case; names the call, the path and the value
 * @param errno the kernel's answer by its name, for example {@code EBUSY}, where there was one
 */
public record Fault(
        FaultCode code, String operation, String subject, String message, Optional<String> errno) {

    /** Checks that every part is there. */
    public Fault {
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(message, "message");
        operation = operation == null ? "" : operation;
        subject = subject == null ? "" : subject;
        errno = errno == null ? Optional.empty() : errno;
    }

    /** A fault without an errno; operation and subject are filled in where it crosses the bus. */
    public static Fault of(FaultCode code, String message) {
        return new Fault(code, "", "", message, Optional.empty());
    }

    /** This fault, said of an operation and a subject unless it names its own already. */
    public Fault in(String operation, String subject) {
        return new Fault(
                code,
                this.operation.isEmpty() ? operation : this.operation,
                this.subject.isEmpty() ? subject : this.subject,
                message,
                errno);
    }
}
