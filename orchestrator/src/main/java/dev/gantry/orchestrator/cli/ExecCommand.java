package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ExecSpec;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code exec}: a further process in the namespaces of a running container. */
@Command(
        name = "exec",
        mixinStandardHelpOptions = true,
        description = "Run a further command in a running container.")
final class ExecCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-i", "--interactive"},
            description = "keep standard input open")
    boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give the command a terminal")
    boolean tty;

    @Option(
            names = {"-d", "--detach"},
            description = "do not wait for it")
    boolean detach;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY[=VALUE]",
            description = "an environment variable")
    List<String> env = List.of();

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "working directory")
    String workdir;

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "name or number")
    String user;

    @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND", description = "the command")
    List<String> command;

    @Override
    public Integer call() {
        var streams = new Streams(tty, interactive, "ctrl-p,ctrl-q");
        if (!detach) {
            streams.check();
        }
        var size = tty ? Terminal.size(0) : Optional.<Terminal.Size>empty();
        var spec =
                new ExecSpec(
                        command,
                        RunOptions.environment(env, List.<Path>of()),
                        Optional.ofNullable(workdir),
                        Optional.ofNullable(user),
                        tty,
                        size.map(Terminal.Size::rows),
                        size.map(Terminal.Size::columns),
                        interactive && !detach,
                        !detach);
        var engine = gantry.engine();
        var created = engine.container(new ContainerOperation.Exec(container, spec));
        if (detach) {
            return 0;
        }
        try (var attached = streams.attach(created.attachSocket())) {
            if (tty) {
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
