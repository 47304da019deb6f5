package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ExecSpec;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.concurrent.Callable;

/** {@code exec}: a further process in the namespaces of a running container. */
@Command(
        name = "exec",
        mixinStandardHelpOptions = true,
        description = "Run a further command in a running container.")
final class ExecCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Mixin ProcessOptions process = new ProcessOptions();

    @Option(
            names = {"-d", "--detach"},
            description = "do not wait for it")
    boolean detach;

    @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "the command")
    List<String> command;

    @Override
    public Integer call() {
        var streams = new Streams(process.tty, process.interactive, "ctrl-p,ctrl-q");
        if (!detach) {
            streams.check();
        }
        var size = process.size();
        var spec =
                new ExecSpec(
                        command,
                        process.environment(),
                        process.workingDirectory(),
                        process.identity(),
                        process.tty,
                        size.map(Terminal.Size::rows),
                        size.map(Terminal.Size::columns),
                        process.interactive && !detach,
                        !detach);
        var engine = gantry.engine();
        var created = engine.container(new ContainerOperation.Exec(container, spec));
        if (detach) {
            return 0;
        }
        try (var attached = streams.attach(created.attachSocket())) {
            if (process.tty) {
                attached.followSize(
                        changed ->
                                engine.container(
                                        new ContainerOperation.Resize(
                                                created.id(),
                                                created.execId(),
                                                changed.rows(),
                                                changed.columns())));
            }
            return attached.pump();
        }
    }
}
