package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

import java.util.List;
import java.util.concurrent.Callable;

/** Commands of runc that Gantry does not have: who calls them is told so. */
final class AbsentCommands {
    private AbsentCommands() {}

    @Command(name = "checkpoint", description = "Refused: Gantry takes no checkpoints.")
    static final class Checkpoint implements Callable<Integer> {
        @Unmatched List<String> arguments;

        @Override
        public Integer call() {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "checkpoint: Gantry takes no checkpoints");
        }
    }

    @Command(name = "restore", description = "Refused: Gantry takes no checkpoints.")
    static final class Restore implements Callable<Integer> {
        @Unmatched List<String> arguments;

        @Override
        public Integer call() {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED, "restore: Gantry takes no checkpoints to restore");
        }
    }
}
