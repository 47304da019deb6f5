package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;

/** {@code attach}: joins the caller's streams to a running container's. */
@Command(
        name = "attach",
        mixinStandardHelpOptions = true,
        description = "Join standard input and output to a running container's.")
final class AttachCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Option(names = "--no-stdin", description = "do not attach standard input")
    boolean noStdin;

    @Option(
            names = "--detach-keys",
            paramLabel = "KEYS",
            description = "the keys that detach from a terminal, ctrl-p,ctrl-q unless told")
    String detachKeys = "ctrl-p,ctrl-q";

    @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Override
    public Integer call() {
        var engine = gantry.engine();
        var target = engine.container(new ContainerOperation.Attach(container));
        var streams = new Streams(target.tty(), !noStdin, detachKeys);
        streams.check();
        try (var attached = streams.attach(target.attachSocket())) {
            Foreground.forwardSignals(engine, target, streams.tty());
            if (streams.tty()) {
                attached.followSize(
                        size ->
                                engine.container(
                                        new ContainerOperation.Resize(
                                                target.id(),
                                                target.execId(),
                                                size.rows(),
                                                size.columns())));
            }
            return attached.pump();
        }
    }
}
