package dev.gantry.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Another implementation, or the next run of this one, goes on while a transfer does. */
@RequiresRoot
class TakeOverIT {
    @TempDir Path directory;

    @Test
    void aTransferGoesOnWhilePythonTakesOverAndTheNativeServiceComesBack() throws Exception {
        OwnNetwork.enter();
        try (var broker = new SocketBroker(directory)) {
            var first = RunningService.start(directory, broker.connect());
            var port = new NetworkOperation.PortMapping("", 9000, 9000, "tcp");
            var server = first.attach("server", "", port);
            try (var transfer = new Transfer(server.netns().orElseThrow(), 9000)) {
                transfer.moves();

                RunningService second;
                try (var _ = new PythonService(directory)) {
                    first.close();
                    var probe = RunningService.client(directory, broker.connect());
                    assertThat(probe.attach("server", "", port).interfaces())
                            .isEqualTo(server.interfaces());
                    probe.attach("guest", "");
                    transfer.moves();
                    second = RunningService.start(directory, broker.connect());
                    probe.close();
                }

                transfer.moves();
                var list = second.ask(new NetworkOperation.Attachments()).attachments();
                assertThat(list).extracting("containerId").containsExactly("guest", "server");
                transfer.reconnect();
                transfer.moves();
                second.ask(new NetworkOperation.Detach("guest"));
                transfer.moves();
                second.ask(new NetworkOperation.Detach("server"));
                second.close();
                second.assertNothingLeft();
            }
        }
    }

    @Test
    void addressesPortsAndConnectionsSurviveARestart() throws Exception {
        OwnNetwork.enter();
        var first = RunningService.start(directory);
        var port = new NetworkOperation.PortMapping("", 9001, 9000, "tcp");
        var server = first.attach("server", "", port);
        try (var transfer = new Transfer(server.netns().orElseThrow(), 9001)) {
            transfer.moves();
            first.close();
            transfer.moves();

            var second = RunningService.start(directory);

            transfer.moves();
            assertThat(second.attach("server", "", port).interfaces())
                    .isEqualTo(server.interfaces());
            assertThat(second.attach("other", "").interfaces()).isNotEqualTo(server.interfaces());
            transfer.reconnect();
            transfer.moves();
            second.ask(new NetworkOperation.Detach("server"));
            second.ask(new NetworkOperation.Detach("other"));
            second.close();
            second.assertNothingLeft();
        }
    }

    /** Bytes that go to a container by its published port, and come back. */
    private static final class Transfer implements AutoCloseable {
        private final ServerSocket server;
        private final int port;
        private Socket socket;

        Transfer(String pin, int port) throws Exception {
            this.port = port;
            server = OwnNetwork.inside(pin, () -> new ServerSocket(9000)).get(10, TimeUnit.SECONDS);
            Thread.ofPlatform().daemon().start(this::serve);
            reconnect();
        }

        private void serve() {
            while (!server.isClosed()) {
                try (var client = server.accept()) {
                    client.getInputStream().transferTo(client.getOutputStream());
                } catch (IOException e) {
                    if (!server.isClosed()) {
                        System.err.println("transfer: " + e);
                    }
                }
            }
        }

        void reconnect() throws Exception {
            if (socket != null) {
                socket.close();
            }
            socket = new Socket();
            socket.setSoTimeout(5000);
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 5000);
        }

        void moves() throws Exception {
            socket.getOutputStream().write(new byte[4096]);
            assertThat(socket.getInputStream().readNBytes(4096)).hasSize(4096);
        }

        @Override
        public void close() throws IOException {
            socket.close();
            server.close();
        }
    }
}
