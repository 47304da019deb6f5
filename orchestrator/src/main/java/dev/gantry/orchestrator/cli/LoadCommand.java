package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** {@code load} and {@code image load}. */
@Command(
        mixinStandardHelpOptions = true,
        description = "Take the images of an archive that save, Docker, Podman or Skopeo wrote.")
final class LoadCommand implements Callable<Integer> {
    @ParentCommand Above above;

    @Option(
            names = {"-i", "--input"},
            paramLabel = "FILE",
            description = "where from; standard input unless told")
    Path input;

    @Option(
            names = {"-q", "--quiet"},
            description = "no progress")
    boolean quiet;

    @Override
    public Integer call() throws IOException {
        var gantry = above.gantry();
        Consumer<Transfer> view =
                quiet
                        ? seen -> {}
                        : TransferView.onTerminal(gantry.err(), 2, TransferView.Words.LOAD);
        var transfers = new Transfers(gantry.engine());
        Transfer loaded;
        if (input != null && !input.toString().equals("-")) {
            var path = input.normalize().toString();
            loaded = transfers.run(id -> new TransferOperation.Load(id, path), view);
        } else {
            if (Terminal.isTerminal(0)) {
                throw FaultException.invalid(
                        "an archive does not come from a terminal: give -i FILE");
            }
            var in = Invocation.current().in();
            try (var socket = ArchiveSocket.from(gantry.layout().run("cli"), in)) {
                var path = socket.path().toString();
                loaded = transfers.runOnce(id -> new TransferOperation.Load(id, path), view);
            }
        }
        loaded.notes().forEach(note -> gantry.err().println("gantry: " + note));
        gantry.err().flush();
        for (var image : loaded.images()) {
            if (image.references().isEmpty()) {
                gantry.out().println("Loaded image ID: " + image.id());
            }
            image.references().forEach(name -> gantry.out().println("Loaded image: " + name));
        }
        gantry.out().flush();
        return 0;
    }
}
