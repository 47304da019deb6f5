package dev.gantry.orchestrator.engine;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.orchestrator.services.Caller;

/**
 * What a container engine can do: one method an operation of {@code container.v1}. A container is
 * named by its id, a unique prefix of it, or its name.
 *
 * <p>Mutations of one container happen one after another, in the order in which they were asked
 * for; reads come from snapshots and never wait for them. Every method returns, or throws a
 * FaultException, by the caller's deadline (clean-up after a failure may take longer, and goes on
 * without the caller). All are idempotent by container.
 */
public interface ContainerEngine {
    /** Makes a container whose init waits to be started, or only says how. */
    ContainerResult.Created create(ContainerOperation.Create operation, Caller caller);

    /** Makes a container and starts it. */
    ContainerResult.Created run(ContainerOperation.Run operation, Caller caller);

    /** Starts a created container, or a stopped one again. */
    ContainerResult.Created start(ContainerOperation.Start operation, Caller caller);

    /** Asks a container to end, and kills it after a time. One that has ended is no error. */
    Done stop(ContainerOperation.Stop operation, Caller caller);

    /** Sends a signal to a container's init. */
    Done kill(ContainerOperation.Kill operation, Caller caller);

    /** How a container ended, when it has; stopped=false when the time to wait is over. */
    ContainerResult.Exit await(ContainerOperation.Wait operation, Caller caller);

    /** Starts a further process in a running container. */
    ContainerResult.Created exec(ContainerOperation.Exec operation, Caller caller);

    /** How a further process ended; like {@link #await}. */
    ContainerResult.Exit execWait(ContainerOperation.ExecWait operation, Caller caller);

    /** Sets the size of a terminal, in characters. */
    Done resize(ContainerOperation.Resize operation, Caller caller);

    /** Where a container's standard streams can be reached. */
    ContainerResult.Created attach(ContainerOperation.Attach operation, Caller caller);

    /** Lines of a container's log. */
    ContainerResult.LogChunk logs(ContainerOperation.Logs operation, Caller caller);

    /** All that is known of a container. */
    ContainerResult.Detail inspect(ContainerOperation.Inspect operation, Caller caller);

    /** Containers, latest first. */
    ContainerResult.Summaries list(ContainerOperation.ListAll operation, Caller caller);

    /** What containers use. */
    ContainerResult.StatsList stats(ContainerOperation.Stats operation, Caller caller);

    /** The processes of a container. */
    ContainerResult.ProcessTable top(ContainerOperation.Top operation, Caller caller);

    /** Freezes a running container. */
    Done pause(ContainerOperation.Pause operation, Caller caller);

    /** Thaws a paused container. */
    Done unpause(ContainerOperation.Unpause operation, Caller caller);

    /** Changes limits. */
    Done update(ContainerOperation.Update operation, Caller caller);

    /** Gives a container another name. */
    Done rename(ContainerOperation.Rename operation, Caller caller);

    /** Makes a container anew over the image that its image's name means now. */
    ContainerResult.Created recreate(ContainerOperation.Recreate operation, Caller caller);

    /** Removes a container and all that was made for it. */
    Done remove(ContainerOperation.Remove operation, Caller caller);

    /** What was done to make and start a container. */
    ContainerResult.Explanation explain(ContainerOperation.Explain operation, Caller caller);

    /** Events of the durable log. */
    ContainerResult.EventPage events(ContainerOperation.EventLog operation, Caller caller);

    /** The host and the services. */
    ContainerResult.EngineInfo info(ContainerOperation.Info operation, Caller caller);
}
