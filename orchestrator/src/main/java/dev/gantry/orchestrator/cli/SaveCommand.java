package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.contract.storage.TransferOperation.Format;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code save} and {@code image save}. */
@Command(mixinStandardHelpOptions = true, description = "Write images to one archive.")
final class SaveCommand implements Callable<Integer> {
    @ParentCommand Above above;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "where to; standard output unless told")
    Path output;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "docker-archive, which every tool reads, or oci-archive")
    String format = "docker-archive";

    @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
    List<String> images;

    @Override
    public Integer call() throws IOException {
        var kind =
                switch (format) {
                    case "docker-archive" -> Format.DOCKER_ARCHIVE;
                    case "oci-archive" -> Format.OCI_ARCHIVE;
                    default ->
                            throw FaultException.invalid(
                                    "--format %s is not docker-archive or oci-archive", format);
                };
        if (isStandard()) {
            if (Terminal.isTerminal(1)) {
                throw FaultException.invalid("an archive does not go to a terminal: give -o FILE");
            }
            save(kind, Invocation.current().output(1));
            return 0;
        }
        if (Files.exists(output) && !Files.isRegularFile(output)) {
            try (var out = Files.newOutputStream(output)) {
                save(kind, out);
            }
            return 0;
        }
        // A file that is there under its name is whole.
        var parent = output.getParent();
        Path partial;
        try {
            partial = Files.createTempFile(parent, ".gantry-save-", "");
        } catch (IOException e) {
            throw FaultException.of(FaultCode.FAILED_PRECONDITION, "save to %s: %s", output, e);
        }
        try {
            try (var out = Files.newOutputStream(partial)) {
                save(kind, out);
            }
            Files.setPosixFilePermissions(
                    partial, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(partial, output, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
        return 0;
    }

    private boolean isStandard() {
        return output == null || output.toString().equals("-");
    }

    private void save(Format kind, OutputStream out) throws IOException {
        var gantry = above.gantry();
        var engine = gantry.engine();
        try (var socket = ArchiveSocket.into(gantry.layout().run("cli"), out)) {
            var path = socket.path().toString();
            new Transfers(engine)
                    .runOnce(
                            id -> new TransferOperation.Save(id, images, kind, path),
                            isStandard()
                                    ? seen -> {}
                                    : TransferView.onTerminal(
                                            gantry.err(), 2, TransferView.Words.SAVE));
            socket.await();
        }
    }
}
