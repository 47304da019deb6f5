package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.supervisor.SupervisorClient;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.Map;
import java.util.concurrent.Callable;

/**
 * {@code down}: ends the services. Containers do not need them and go on, unless told otherwise.
 */
@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "End the services; containers that run go on without them.")
final class DownCommand implements Callable<Integer> {
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-a", "--all"},
            description = "stop and remove all containers first")
    boolean all;

    @Override
    public Integer call() throws InterruptedException {
        var client = new SupervisorClient(gantry.layout());
        if (client.ask(SupervisorClient.request("list")).isEmpty()) {
            gantry.err().println("gantry: no services run here");
            gantry.err().flush();
            return 0;
        }
        int running = containers();
        client.ask(SupervisorClient.request("down"));
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (client.ask(SupervisorClient.request("list")).isPresent()) {
            if (System.nanoTime() > deadline) {
                throw FaultException.of(
                        FaultCode.UNAVAILABLE, "the services have not ended within 30 s");
            }
            Thread.sleep(20);
        }
        if (running > 0) {
            gantry.err()
                    .println("gantry: " + running + " containers go on; 'gantry up' finds them");
            gantry.err().flush();
        }
        return 0;
    }

    private int containers() {
        var engine = gantry.engine();
        var list = engine.container(new ContainerOperation.ListAll(all, Map.of())).containers();
        if (!all) {
            return list.size();
        }
        for (var container : list) {
            engine.container(new ContainerOperation.Remove(container.id(), true));
        }
        return 0;
    }
}
