package dev.gantry.orchestrator.engine;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.model.ContainerRecord;

/** The faults of asking a container for something in a state that does not allow it. */
final class Refusal {
    private Refusal() {}

    /** For example {@code cannot pause container 0123456789ab: it is stopped}. */
    static FaultException state(String what, ContainerRecord container) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "cannot %s container %s: it is %s",
                what,
                container.shortId(),
                container.state().word());
    }

    /** As {@link #state}, with what to do about it. */
    static FaultException state(String what, ContainerRecord container, String advice) {
        return FaultException.of(
                FaultCode.FAILED_PRECONDITION,
                "cannot %s container %s: it is %s; %s",
                what,
                container.shortId(),
                container.state().word(),
                advice);
    }
}
