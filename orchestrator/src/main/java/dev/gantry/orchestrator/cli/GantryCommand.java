package dev.gantry.orchestrator.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** The command {@code gantry}. */
@Command(
        name = "gantry",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.Provider.class,
        description =
                "Containers, made by separate services that you can see, restart and replace.")
public final class GantryCommand implements Callable<Integer>, Above {
    @Spec CommandSpec spec;

    @Option(
            names = "--root",
            paramLabel = "DIR",
            description = "use the instance of Gantry below DIR instead of the system's")
    Path root;

    @Option(
            names = "--embedded",
            description = "run all services in this one process instead of one process each")
    boolean embedded;

    private Engine engine;

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(), "no command is named; gantry --help lists them");
    }

    /** The files of the instance that is meant. */
    dev.gantry.bus.service.Layout layout() {
        return root == null
                ? dev.gantry.bus.service.Layout.DEFAULT
                : dev.gantry.bus.service.Layout.below(root.normalize());
    }

    @Override
    public GantryCommand gantry() {
        return this;
    }

    /** The running services; starts them if none answer. */
    synchronized Engine engine() {
        if (engine == null) {
            engine = embedded ? EmbeddedEngine.start(layout()) : BusEngine.connectOrStart(this);
        }
        return engine;
    }

    /** Standard output, as characters. */
    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Standard error, as characters. */
    PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** Ends what was begun. */
    synchronized void close() {
        if (engine != null) {
            engine.close();
            engine = null;
        }
    }
}
