package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Reply;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.contract.storage.TransferOperation.Format;
import dev.gantry.bus.fault.FaultCode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** What every implementation of {@code storage.v1} must do with transfers. */
public abstract class TransferContractKit {
    private static final CallOptions PATIENT = CallOptions.within(Duration.ofSeconds(60));
    @TempDir Path host;

    /** A bus with the implementation behind it, empty. */
    protected abstract Bus bus();

    private <R> R ask(StorageOperation<R> operation) {
        return bus().ask(StorageOperation.CONTRACT, operation, PATIENT);
    }

    private FaultCode refusal(StorageOperation<?> operation) {
        var reply = bus().call(StorageOperation.CONTRACT, operation, PATIENT).join();
        assertThat(reply).isInstanceOf(Reply.Failed.class);
        return ((Reply.Failed<?>) reply).fault().code();
    }

    private Transfer end(TransferOperation<Transfer> begin) {
        var now = ask(begin);
        while (now.state() == Transfer.State.RUNNING) {
            now = ask(new TransferOperation.Follow(now.id(), now.version(), 20_000));
        }
        return now;
    }

    private String importTree() throws IOException {
        var root = Files.createDirectories(host.resolve("root"));
        Files.writeString(root.resolve("hello"), "hello\n");
        var reference = Optional.of("saved:1");
        return ask(new StorageOperation.Import(root.toString(), reference, Optional.empty()))
                .images()
                .getFirst()
                .id();
    }

    @Test
    void whatIsSavedIsLoadedAgain() throws IOException {
        var id = importTree();
        for (var format : Format.values()) {
            var socket = host.resolve(format.name());
            var archive = new ByteArrayOutputStream();
            try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                server.bind(UnixDomainSocketAddress.of(socket));
                var copied = CompletableFuture.runAsync(() -> receive(server, archive));
                var saved =
                        end(
                                new TransferOperation.Save(
                                        "save-" + format,
                                        List.of("saved:1"),
                                        format,
                                        socket.toString()));
                assertThat(saved.fault()).isEmpty();
                copied.join();
            }
            ask(new StorageOperation.RemoveImage("saved:1", false));
            var file = Files.write(host.resolve("archive"), archive.toByteArray());

            var loaded = end(new TransferOperation.Load("load-" + format, file.toString()));

            assertThat(loaded.fault()).isEmpty();
            assertThat(loaded.state()).isEqualTo(Transfer.State.DONE);
            assertThat(loaded.images().getFirst().references()).containsExactly("saved:1");
            assertThat(loaded.images().getFirst().id()).isEqualTo(id);
        }
    }

    private static void receive(ServerSocketChannel server, ByteArrayOutputStream into) {
        try (var connection = server.accept()) {
            Channels.newInputStream(connection).transferTo(into);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theSameIdIsTheSameTransfer() throws IOException {
        var file = Files.writeString(host.resolve("text"), "no archive at all").toString();
        var load = new TransferOperation.Load("one", file);

        var first = end(load);
        var again = ask(load);

        assertThat(first.state()).isEqualTo(Transfer.State.FAILED);
        assertThat(again).isEqualTo(first);
        assertThat(refusal(new TransferOperation.Load("one", file + "x")))
                .isEqualTo(FaultCode.ALREADY_EXISTS);
    }

    @Test
    void whatIsNotThereIsSaidSo() {
        assertThat(refusal(new TransferOperation.Follow("none", 0, 0)))
                .isEqualTo(FaultCode.NOT_FOUND);
        ask(new TransferOperation.Cancel("none"));
        var load = end(new TransferOperation.Load("absent", host.resolve("absent").toString()));
        assertThat(load.fault().orElseThrow().code()).isEqualTo(FaultCode.NOT_FOUND);
        var save =
                end(
                        new TransferOperation.Save(
                                "nothing",
                                List.of("absent:1"),
                                Format.OCI_ARCHIVE,
                                host.resolve("socket").toString()));
        assertThat(save.fault().orElseThrow().code()).isEqualTo(FaultCode.NOT_FOUND);
    }

    @Test
    void aRegistryThatIsNotThereIsUnavailable() {
        // Port 1 of loopback: nobody listens
        var pull =
                end(
                        new TransferOperation.Pull(
                                "pull",
                                "127.0.0.1:1/x:1",
                                Optional.empty(),
                                Optional.empty(),
                                false));

        assertThat(pull.state()).isEqualTo(Transfer.State.FAILED);
        assertThat(pull.fault().orElseThrow().code()).isEqualTo(FaultCode.UNAVAILABLE);
        assertThat(ask(new StorageOperation.Images()).images()).isEmpty();
    }
}
