package dev.gantry.bus.contract.container;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.fault.FaultException;

import java.util.List;
import java.util.Optional;

/**
 * A further process in a running container, in the terms of {@code docker exec}.
 *
 * @param waitAttach whether its output waits for the client to attach
 */
public record ExecSpec(
        List<String> command,
        List<String> env,
        Optional<String> workdir,
        Optional<String> user,
        boolean tty,
        Optional<Integer> ttyRows,
        Optional<Integer> ttyColumns,
        boolean openStdin,
        boolean waitAttach) {
    /** Checks that there is a command; absent parts are empty. */
    public ExecSpec {
        command = Absent.orEmpty(command);
        env = Absent.orEmpty(env);
        workdir = Absent.orEmpty(workdir);
        user = Absent.orEmpty(user);
        ttyRows = Absent.orEmpty(ttyRows);
        ttyColumns = Absent.orEmpty(ttyColumns);
        if (command.isEmpty()) {
            throw FaultException.invalid("no command to execute");
        }
    }
}
