package dev.gantry.namespace.launcher;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

/** A short wait for something that the kernel does not tell. */
public final class Pause {
    private Pause() {}

    /** Waits so many milliseconds. */
    public static void millis(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted");
        }
    }
}
