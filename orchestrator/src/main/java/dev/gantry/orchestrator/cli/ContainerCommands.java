package dev.gantry.orchestrator.cli;

import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;

/** {@code container}: what has no shorter name. */
@Command(
        name = "container",
        mixinStandardHelpOptions = true,
        description = "Containers: prune. All else goes by its own name: gantry ps, gantry rm.",
        subcommands = PruneCommands.Containers.class)
final class ContainerCommands implements Callable<Integer>, Above {
    @ParentCommand GantryCommand gantry;

    @Override
    public GantryCommand gantry() {
        return gantry;
    }

    @Override
    public Integer call() {
        throw FaultException.invalid("container: no command is named; gantry container --help");
    }
}
