package dev.gantry.bus.contract.namespace;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.fault.Fault;

import java.util.List;
import java.util.Optional;

/** The answers of {@code namespace.v1}. */
public sealed interface NamespaceResult {
    /** The states of runtime.md, "State". */
    enum Status {
        CREATING,
        CREATED,
        RUNNING,
        STOPPED
    }

    /**
     * A process that waits to be started.
     *
     * @param pid of the host; 0 in a plan
     * @param attachSocket unix stream socket that speaks the attach protocol; empty in a plan
     * @param steps of a plan; of what was done, {@code explain} tells
     */
    record Created(String id, long pid, String attachSocket, List<PlanStep> steps)
            implements NamespaceResult {
        /** Absent steps are none. */
        public Created {
            attachSocket = Absent.orEmpty(attachSocket);
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * A process that was made and told to execute its command.
     *
     * @param notStarted why it could not execute it, where it could not
     */
    record Ran(Created created, Optional<Fault> notStarted) implements NamespaceResult {
        /** Absent parts are empty. */
        public Ran {
            notStarted = Absent.orEmpty(notStarted);
        }
    }

    /** A process that has been started. */
    record Started(String id, long pid) implements NamespaceResult {}

    /** What was done for a container, in order; nothing where that is not known any more. */
    record Explanation(String id, List<PlanStep> steps) implements NamespaceResult {
        /** Absent steps are none. */
        public Explanation {
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * What a container is doing.
     *
     * @param exit how it ended, once it is stopped
     */
    record State(String id, Status status, long pid, Optional<Exit> exit)
            implements NamespaceResult {
        /** Absent exit is empty. */
        public State {
            exit = Absent.orEmpty(exit);
        }
    }

    /**
     * How a process ended.
     *
     * @param code its exit code, or 128 + signal
     * @param signal the signal that ended it, or 0
     * @param timeNanos when, since the Unix epoch
     */
    record Exit(int code, int signal, long timeNanos) implements NamespaceResult {}

    /** All states. */
    record States(List<State> states) implements NamespaceResult {
        /** Absent states are none. */
        public States {
            states = Absent.orEmpty(states);
        }
    }
}
