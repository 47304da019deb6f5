package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * {@code export}: the files of a container as a tar. storage-svc sends it over a socket of ours.
 */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Write the files of a container as a tar, without what is mounted there.")
final class ExportCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "into a file rather than to standard output")
    Path output;

    @Parameters(paramLabel = "CONTAINER", description = "id or name")
    String container;

    @Override
    public Integer call() throws IOException {
        if (output == null && Terminal.isTerminal(1)) {
            throw FaultException.invalid("export: a tar is not for a terminal; use -o FILE");
        }
        var id = gantry.engine().containerId(container);
        if (output == null) {
            export(id, Invocation.current().output(1));
            return 0;
        }
        var part = output.resolveSibling(output.getFileName() + ".part");
        try {
            try (var file = Files.newOutputStream(part)) {
                export(id, file);
            }
            Files.move(part, output, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
        return 0;
    }

    private void export(String id, OutputStream out) throws IOException {
        var directory = Files.createTempDirectory("gantry-export-");
        var socket = directory.resolve("socket");
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            // A fault closes the server, which ends the copying if it has not begun.
            var copied = CompletableFuture.runAsync(() -> copy(server, out));
            gantry.engine().storage(new StorageOperation.Export(id, socket.toString()));
            copied.join();
            out.flush();
        } catch (CompletionException e) {
            if (e.getCause() instanceof UncheckedIOException unchecked) {
                throw unchecked.getCause();
            }
            throw e;
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }

    private static void copy(ServerSocketChannel server, OutputStream out) {
        try (var channel = server.accept();
                var in = Channels.newInputStream(channel)) {
            in.transferTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
