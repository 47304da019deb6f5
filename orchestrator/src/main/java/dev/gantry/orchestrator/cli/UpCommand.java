package dev.gantry.orchestrator.cli;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.supervisor.SupervisorProcess;

import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code up}: starts the services, one process each, if they do not run. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Start the services, one process each.")
final class UpCommand implements Callable<Integer> {
    private static final int READY_SECONDS = 90;

    @ParentCommand GantryCommand gantry;

    @Override
    public Integer call() {
        up(gantry);
        return 0;
    }

    static void up(GantryCommand gantry) {
        new SupervisorProcess(gantry.layout(), home()).startAndAwait(READY_SECONDS);
    }

    /** Where this Gantry is installed: its jars, its launcher, its caches. */
    static Path home() {
        return Optional.ofNullable(System.getProperty("gantry.home"))
                .map(Path::of)
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.FAILED_PRECONDITION,
                                        "the property gantry.home is not set: start the command by"
                                                + " the script gantry"));
    }
}
