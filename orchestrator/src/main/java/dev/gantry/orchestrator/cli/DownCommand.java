package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.SupervisorClient;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * {@code down}: ends the services. Containers do not need them and go on, unless told otherwise.
 */
@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "End the services; containers that run go on without them.")
final class DownCommand implements Callable<Integer> {
    private static final long PATIENCE_SECONDS = 30;

    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-a", "--all"},
            description = "stop and remove all containers first")
    boolean all;

    @Override
    public Integer call() {
        Invocation.current().needsOwnProcess();
        var client = new SupervisorClient(gantry.layout());
        if (client.ask(SupervisorClient.request("list")).isEmpty()) {
            gantry.err().println("gantry: no services run here");
            gantry.err().flush();
            return 0;
        }
        int running = containers();
        client.ask(SupervisorClient.request("down")).ifPresent(DownCommand::awaitEnd);
        if (running > 0) {
            gantry.err()
                    .println("gantry: " + running + " containers go on; 'gantry up' finds them");
            gantry.err().flush();
        }
        return 0;
    }

    /** The supervisor is the last to go, when it has cleared up. */
    private static void awaitEnd(JsonNode supervisor) {
        var process = ProcessHandle.of(supervisor.path("pid").asLong());
        try {
            if (process.isPresent()) {
                process.get().onExit().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
        } catch (TimeoutException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE,
                    "the services have not ended within %d s",
                    PATIENCE_SECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted while the services ended");
        }
    }

    private int containers() {
        var engine = gantry.engine();
        var list = engine.container(new ContainerOperation.ListAll(all, Map.of())).containers();
        if (!all) {
            return list.size();
        }
        for (var container : list) {
            engine.container(new ContainerOperation.Remove(container.id(), true, true));
        }
        return 0;
    }
}
