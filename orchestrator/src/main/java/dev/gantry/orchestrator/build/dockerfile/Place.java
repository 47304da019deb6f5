package dev.gantry.orchestrator.build.dockerfile;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

/** A line of a file, for errors. */
public record Place(String file, int line) {
    /** A refusal that begins with the file and the line. */
    public FaultException refuse(String format, Object... arguments) {
        return FaultException.invalid("%s: %s", this, String.format(format, arguments));
    }

    /** What Gantry does not do, likewise. */
    public FaultException unsupported(String format, Object... arguments) {
        return FaultException.of(
                FaultCode.UNSUPPORTED, "%s: %s", this, String.format(format, arguments));
    }

    @Override
    public String toString() {
        return file + ":" + line;
    }
}
