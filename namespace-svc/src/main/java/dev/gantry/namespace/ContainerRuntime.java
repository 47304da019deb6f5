package dev.gantry.namespace;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceResult.Created;
import dev.gantry.bus.contract.namespace.NamespaceResult.Explanation;
import dev.gantry.bus.contract.namespace.NamespaceResult.Ran;
import dev.gantry.bus.contract.namespace.NamespaceResult.Started;
import dev.gantry.bus.contract.namespace.NamespaceResult.State;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The life cycle of containers' processes, as the OCI runtime specification has it (runtime.md):
 * create clones the init and prepares everything but the command; start executes that; delete
 * forgets. Calls may block until the deadline and are safe from any thread.
 *
 * <p>Every method fails with a {@link dev.gantry.bus.fault.FaultException}: NOT_FOUND for an id
 * that is not known, FAILED_PRECONDITION for a state that does not allow it, INVALID_ARGUMENT
 * before any effect, UNAVAILABLE where the launcher is not there or did not answer in time.
 */
public interface ContainerRuntime extends AutoCloseable {
    /** Clones the init. The same request again answers as the first; another is ALREADY_EXISTS. */
    Created create(Create request, Instant deadline);

    /** Create and start in one; why the command could not be executed is in the answer. */
    Ran run(Create request, Instant deadline);

    /**
     * Executes the command; again is harmless. A command that cannot be executed is the fault with
     * execve's errno, and the container is then stopped with 127 (ENOENT) or 126.
     */
    Started start(String id, Instant deadline);

    /**
     * Signals the init, or with {@code all} every process of the container, which is known by its
     * cgroup or by a pid namespace of its own.
     */
    Done signal(String id, int signal, boolean all, Instant deadline);

    /** Starts a further process in a running container. */
    Created exec(Exec request, Instant deadline);

    /** Sets the size of the terminal of the init or of an exec. */
    Done resize(String id, Optional<String> execId, int rows, int columns, Instant deadline);

    /** What a container is doing. */
    State state(String id);

    /** What was done to create and start it; nothing if an earlier service did it. */
    Explanation explain(String id);

    /** What a further process is doing; stopped ones are known until the container is deleted. */
    State execState(String id, String execId);

    /** All of them. */
    List<State> list();

    /** Removes a stopped container, or with {@code force} any. An absent one is no error. */
    Done delete(String id, boolean force, Instant deadline);

    /** Lets go of the shims; the containers go on. */
    @Override
    void close();
}
