package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Runs one command of {@code gantry-oci}. Errors are one line, on standard error and in the log.
 */
public final class Main {
    private static final int FAILED = 1;

    /** The process of an exec did not come to run, which no exit code of its own could say. */
    private static final int EXEC_FAILED = 255;

    private Main() {}

    /** Entry point of the command {@code gantry-oci}. */
    public static void main(String[] arguments) {
        int code = run(arguments);
        Invocation.current().exit(code);
    }

    /** Runs a command for {@link Invocation#current}: its exit code. */
    public static int run(String... arguments) {
        var caller = Invocation.current();
        var oci = new OciCommand();
        var unknown = OciCommand.unknown(arguments);
        if (unknown.isPresent()) {
            ErrorLog.of(oci)
                    .error("No help topic for '" + unknown.get() + "': there is no such command");
            return FAILED;
        }
        var line = OciCommand.line(oci, arguments);
        line.setOut(new PrintWriter(caller.out())).setErr(new PrintWriter(caller.err(), true));
        line.registerConverter(Path.class, caller::path);
        line.setExecutionExceptionHandler((e, command, parsed) -> report(oci, command, e));
        line.setParameterExceptionHandler(
                (e, args) -> {
                    ErrorLog.of(oci).error(firstLine(e.getMessage()));
                    return FAILED;
                });
        try {
            return line.execute(arguments);
        } finally {
            line.getOut().flush();
            oci.close();
        }
    }

    private static int report(OciCommand oci, CommandLine command, Exception e) {
        oci.out().flush();
        var message =
                e instanceof FaultException fault
                        ? ErrorLog.words(fault.fault())
                        : "defect: "
                                + e
                                + Arrays.stream(e.getStackTrace())
                                        .findFirst()
                                        .map(frame -> " at " + frame)
                                        .orElse("");
        ErrorLog.of(oci).error(message);
        return command.getCommandName().equals("exec") ? EXEC_FAILED : FAILED;
    }

    private static String firstLine(String message) {
        return message == null ? "" : message.lines().findFirst().orElse("");
    }
}
