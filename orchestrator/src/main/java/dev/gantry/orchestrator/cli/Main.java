package dev.gantry.orchestrator.cli;

import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Runs one command line. Errors are one line on standard error that names the thing. */
public final class Main {
    /** Gantry itself failed, before or beside the container (as Docker has it). */
    static final int ENGINE_FAILED = 125;

    /** The command of the container cannot be executed. */
    static final int NOT_EXECUTABLE = 126;

    /** The command of the container is not there. */
    static final int NOT_FOUND = 127;

    private Main() {}

    /** Entry point of the command {@code gantry}. */
    public static void main(String[] arguments) {
        Warmup.begin();
        int code = run(arguments);
        Invocation.current().exit(code);
    }

    /** Loads and links what nearly every command needs. */
    public static void warmUp() {
        Warmup.run();
        Commands.line(new GantryCommand(), "run");
        Commands.line(new GantryCommand(), "exec");
        Commands.line(new GantryCommand(), "ps");
    }

    /** Runs a command for {@link Invocation#current}: its exit code. */
    public static int run(String... arguments) {
        var caller = Invocation.current();
        var gantry = new GantryCommand();
        var line = Commands.line(gantry, arguments);
        line.setOut(new PrintWriter(caller.out())).setErr(new PrintWriter(caller.err(), true));
        line.registerConverter(Path.class, caller::path);
        line.setUsageHelpWidth(100).setUsageHelpLongOptionsMaxWidth(36);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        for (var name : List.of("run", "create", "exec", "services")) {
            // What follows the image or the container belongs to the command inside.
            if (line.getSubcommands().containsKey(name)) {
                stopAtPositional(line.getSubcommands().get(name));
            }
        }
        line.setExecutionExceptionHandler((e, command, parsed) -> report(gantry, command, e));
        line.setParameterExceptionHandler(
                (e, args) -> {
                    var name = e.getCommandLine().getCommandSpec().qualifiedName();
                    caller.err().println("gantry: " + firstLine(e.getMessage()));
                    caller.err().println("Try '" + name + " --help'.");
                    return ENGINE_FAILED;
                });
        try {
            return line.execute(arguments);
        } finally {
            line.getOut().flush();
            gantry.close();
        }
    }

    private static void stopAtPositional(CommandLine command) {
        boolean group = !command.getSubcommands().isEmpty();
        command.setStopAtPositional(!group);
        if (group) {
            command.getSubcommands().values().forEach(Main::stopAtPositional);
        }
    }

    private static int report(GantryCommand gantry, CommandLine command, Exception e) {
        gantry.out().flush();
        if (!(e instanceof FaultException fault)) {
            Invocation.current()
                    .err()
                    .println(
                            "gantry: defect: "
                                    + e
                                    + Arrays.stream(e.getStackTrace())
                                            .findFirst()
                                            .map(frame -> " at " + frame)
                                            .orElse(""));
            return ENGINE_FAILED;
        }
        Invocation.current().err().println("gantry: " + fault.fault().message());
        var name = command.getCommandName();
        boolean runs = name.equals("run") || name.equals("exec") || name.equals("start");
        return runs ? exitCode(fault.fault()) : 1;
    }

    /** Docker's exit codes: 127 no such command, 126 not executable, 125 anything else. */
    static int exitCode(Fault fault) {
        if (!fault.message().contains("exec ") || fault.errno().isEmpty()) {
            return ENGINE_FAILED;
        }
        return fault.errno().filter(errno -> errno.equals("ENOENT")).isPresent()
                ? NOT_FOUND
                : NOT_EXECUTABLE;
    }

    private static String firstLine(String message) {
        return message == null ? "" : message.lines().findFirst().orElse("");
    }
}
