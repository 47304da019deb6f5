package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.TransferOperation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code push} and {@code image push}. */
@Command(mixinStandardHelpOptions = true, description = "Send an image to a registry.")
final class PushCommand implements Callable<Integer> {
    @ParentCommand Above above;

    @Option(
            names = {"-q", "--quiet"},
            description = "print the name only")
    boolean quiet;

    @Parameters(index = "0", paramLabel = "IMAGE", description = "name or id")
    String image;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "NAME",
            description = "[REGISTRY/]NAME[:TAG] to send it to, if not its own name")
    String destination;

    @Override
    public Integer call() {
        var gantry = above.gantry();
        var out = gantry.out();
        var name = Pulling.whole(destination == null ? image : destination);
        if (!quiet) {
            out.println(
                    "The push refers to repository ["
                            + name.substring(0, Pulling.tagAt(name))
                            + "]");
            out.flush();
        }
        var login = Logins.ofCaller().of(name);
        var transfer =
                new Transfers(gantry.engine())
                        .run(
                                id ->
                                        new TransferOperation.Push(
                                                id, image, Optional.ofNullable(destination), login),
                                quiet
                                        ? seen -> {}
                                        : TransferView.on(out, 1, TransferView.Words.PUSH));
        if (quiet) {
            out.println(name);
        } else {
            out.println(Pulling.tag(name) + ": digest: " + transfer.digest().orElse(""));
        }
        out.flush();
        return 0;
    }
}
