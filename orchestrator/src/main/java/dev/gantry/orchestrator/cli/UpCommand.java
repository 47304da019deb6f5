package dev.gantry.orchestrator.cli;

import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.RunningServices;

import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;

/** {@code up}: starts the services, one process each, if they do not run. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Start the services, one process each.")
final class UpCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Override
    public Integer call() {
        Invocation.current().needsOwnProcess();
        RunningServices.start(gantry.layout());
        return 0;
    }
}
