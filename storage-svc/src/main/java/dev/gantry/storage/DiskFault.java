package dev.gantry.storage;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import java.io.UncheckedIOException;
import java.util.Optional;

/** What the store's own files could not be made to do, as a fault. */
final class DiskFault {
    private DiskFault() {}

    static FaultException of(UncheckedIOException e) {
        var message = String.valueOf(e.getCause().getMessage());
        // The JDK tells ENOSPC and EDQUOT by their text alone, strerror(3).
        var errno =
                message.contains("No space left")
                        ? Optional.of("ENOSPC")
                        : message.contains("quota exceeded")
                                ? Optional.of("EDQUOT")
                                : Optional.<String>empty();
        var code = errno.isPresent() ? FaultCode.RESOURCE_EXHAUSTED : FaultCode.INTERNAL;
        return new FaultException(new Fault(code, "", "", "store: " + message, errno), e);
    }
}
