package dev.gantry.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * What packets do: within a network, to a network beyond the host, to published ports, and what
 * hostile ones do not (security.md row 29).
 */
@RequiresRoot
class BridgeIT {
    @TempDir static Path directory;
    private static RunningService service;
    private static String beyond;

    @BeforeAll
    static void start() {
        OwnNetwork.enter();
        beyond = directory.resolve("beyond").toString();
        // Another host, on a wire to this one; it has no route to the containers.
        Shell.run(
                """
                touch %1$s && unshare --net=%1$s ip link set lo up &&
                ip link add up0 type veth peer name eth0 netns %1$s &&
                ip addr add 198.51.100.1/24 dev up0 && ip link set up0 up &&
                nsenter --net=%1$s sh -c 'ip addr add 198.51.100.2/24 dev eth0 && ip link set eth0 up'
                """
                        .formatted(beyond));
        service = RunningService.start(directory);
    }

    @AfterEach
    void detachAll() {
        service.ask(new NetworkOperation.Attachments())
                .attachments()
                .forEach(a -> service.ask(new NetworkOperation.Detach(a.containerId())));
    }

    @AfterAll
    static void stop() {
        service.close();
        service.assertNothingLeft();
        assertThat(Shell.run("cat /proc/sys/net/ipv4/ip_forward").strip()).isEqualTo("0");
        Shell.run("ip link del up0; umount -l %1$s && rm %1$s".formatted(beyond));
    }

    @Test
    void containersOfANetworkReachEachOtherAndTheHost() {
        var a = service.attach("a", "");
        var b = service.attach("b", "");

        assertPing(a, address(b));
        assertPing(b, address(a));
        assertPing(a, a.interfaces().getFirst().gateway());
        assertThat(Shell.run("ping -c1 -W2 " + address(a))).contains(" 0% packet loss");
    }

    @Test
    void aNetworkBeyondTheHostIsReachedByMasquerade() throws Exception {
        var a = service.attach("a", "");
        var server = new ServerOn(beyond, 7000);

        assertPing(a, "198.51.100.2");
        var seen = OwnNetwork.inside(pin(a), () -> ask("198.51.100.2", 7000)).get();

        assertThat(seen).as("the address that the far host sees").isEqualTo("198.51.100.1");
        server.close();
    }

    @Test
    void publishedPortsAreReachedFromEverywhere() throws Exception {
        var a = service.attach("a", "", new PortMapping("", 8080, 80, "tcp"));
        var b = service.attach("b", "");
        try (var _ = new ServerOn(pin(a), 80)) {
            assertThat(ask("127.0.0.1", 8080)).isNotEmpty();
            assertThat(ask("198.51.100.1", 8080)).isNotEmpty();
            assertThat(ask(b.interfaces().getFirst().gateway(), 8080)).isNotEmpty();
            assertThat(OwnNetwork.inside(beyond, () -> ask("198.51.100.1", 8080)).get())
                    .isEqualTo("198.51.100.2");
            assertThat(OwnNetwork.inside(pin(b), () -> ask("198.51.100.1", 8080)).get())
                    .isNotEmpty();
            assertThat(OwnNetwork.inside(pin(a), () -> ask("198.51.100.1", 8080)).get())
                    .as("a container reaches itself by its published port")
                    .isNotEmpty();

            service.ask(new NetworkOperation.Unpublish("a", new PortMapping("", 8080, 80, "tcp")));
            assertThatThrownBy(() -> ask("198.51.100.1", 8080)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void udpIsPublishedToo() throws Exception {
        var a = service.attach("a", "", new PortMapping("", 5300, 53, "udp"));
        var socket = OwnNetwork.inside(pin(a), () -> new DatagramSocket(53)).get();
        Thread.ofPlatform().daemon().start(() -> reflect(socket));

        assertThat(echo("127.0.0.1", 5300)).isEqualTo("hello");
        assertThat(OwnNetwork.inside(beyond, () -> echo("198.51.100.1", 5300)).get())
                .isEqualTo("hello");
        socket.close();
    }

    @Test
    void aPortIsPublishedOnTheAddressAskedForAndOnNoOther() throws Exception {
        var a = service.attach("a", "", new PortMapping("127.0.0.1", 8081, 80, "tcp"));
        try (var _ = new ServerOn(pin(a), 80)) {
            assertThat(ask("127.0.0.1", 8081)).isNotEmpty();
            assertThatThrownBy(() -> ask("198.51.100.1", 8081)).isInstanceOf(IOException.class);
            assertThatThrownBy(
                            () -> OwnNetwork.inside(beyond, () -> ask("198.51.100.1", 8081)).get())
                    .hasCauseInstanceOf(IOException.class);
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (var _ = new ServerSocket(8099)) {
            assertThatThrownBy(() -> service.attach("a", "", new PortMapping("", 8099, 80, "tcp")))
                    .hasMessageContaining("8099/tcp is in use by a process of the host");
        }
        assertThat(service.ask(new NetworkOperation.Attachments()).attachments()).isEmpty();
    }

    @Test
    void nobodyOutsideReachesAnUnpublishedPort() throws Exception {
        var a = service.attach("a", "", new PortMapping("", 8080, 80, "tcp"));
        nsenter(beyond, "ip route add %s via 198.51.100.1".formatted(address(a)));
        try (var _ = new ServerOn(pin(a), 81)) {
            assertThat(ask(address(a), 81)).as("the host itself does").isNotEmpty();
            assertThatThrownBy(() -> OwnNetwork.inside(beyond, () -> ask(address(a), 81)).get())
                    .hasCauseInstanceOf(IOException.class);
        }
    }

    @Test
    void theHostsLoopbackIsOutOfReach() throws Exception {
        var a = service.attach("a", "");
        var gateway = a.interfaces().getFirst().gateway();
        // CVE-2020-8558: a packet for 127.0.0.1 that arrives on the bridge.
        nsenter(
                pin(a),
                "ip addr del 127.0.0.1/8 dev lo; sysctl -qw net.ipv4.conf.all.route_localnet=1;"
                        + " ip route del local 127.0.0.0/8 dev lo table local;"
                        + " ip route add 127.0.0.0/8 via "
                        + gateway);
        try (var _ = new ServerOn("/proc/thread-self/ns/net", 7001)) {
            assertThat(ask("127.0.0.1", 7001)).isNotEmpty();
            assertThatThrownBy(() -> OwnNetwork.inside(pin(a), () -> ask("127.0.0.1", 7001)).get())
                    .hasCauseInstanceOf(IOException.class);
        }
    }

    @Test
    void networksAreIsolated() throws Exception {
        service.ask(create("red", false));
        service.ask(create("blue", false));
        var a = service.attach("a", "red");
        var b = service.attach("b", "blue");
        try (var _ = new ServerOn(pin(b), 80)) {
            assertThat(ask(address(b), 80)).isNotEmpty();
            assertThatThrownBy(() -> OwnNetwork.inside(pin(a), () -> ask(address(b), 80)).get())
                    .hasCauseInstanceOf(IOException.class);
        }
        detachAll();
        service.ask(new NetworkOperation.Remove("red"));
        service.ask(new NetworkOperation.Remove("blue"));
    }

    @Test
    void anInternalNetworkHasNoWayOut() {
        service.ask(create("inner", true));
        var a = service.attach("a", "inner");
        var b = service.attach("b", "inner");

        assertPing(a, address(b));
        nsenter(pin(a), "ip route add default via " + a.interfaces().getFirst().gateway());
        assertNoPing(a, "198.51.100.2");
        detachAll();
        service.ask(new NetworkOperation.Remove("inner"));
    }

    @Test
    void spoofedSourcesAreDropped() {
        var a = service.attach("a", "");
        var b = service.attach("b", "");
        assertPing(a, address(b));

        nsenter(pin(a), "ip addr add 10.9.9.9/32 dev lo");
        assertThat(attempt(a, "ping -c1 -W1 -I 10.9.9.9 " + address(b)).code()).isNotZero();
        nsenter(pin(a), "ip link set eth0 address 02:00:00:00:00:09");
        assertNoPing(a, address(b));
        nsenter(
                pin(a),
                "ip link set eth0 address "
                        + a.interfaces().getFirst().mac()
                        + "; ip route replace default via "
                        + a.interfaces().getFirst().gateway());
        assertPing(a, address(b));
    }

    @Test
    void routerAdvertisementsPassNobody() {
        var a = service.attach("a", "");
        var b = service.attach("b", "");
        nsenter(pin(b), "sysctl -qw net.ipv6.conf.eth0.accept_ra=2");
        assertThat(nsenter(pin(a), "cat /proc/sys/net/ipv6/conf/eth0/accept_ra").strip())
                .isEqualTo("0");

        Shell.run("nsenter --net=%s python3 -c '%s'".formatted(pin(a), ROUTER_ADVERTISEMENT));

        // The guard has dropped it before anybody could have answered.
        assertThat(Shell.run("nft list chain bridge " + service.instance().table() + " guard"))
                .containsPattern("counter packets [1-9]");
        assertThat(nsenter(pin(b), "ip -6 route")).doesNotContain("default");
    }

    @Test
    void rulesThatAreFlushedComeBack() throws Exception {
        var a = service.attach("a", "", new PortMapping("", 8082, 80, "tcp"));
        try (var _ = new ServerOn(pin(a), 80)) {
            Shell.run("nft flush ruleset");

            assertThat(eventually(() -> ask("198.51.100.1", 8082))).isNotEmpty();
        }
    }

    @Test
    void twentyAttachAtOnce() throws Exception {
        var all =
                IntStream.range(0, 20)
                        .parallel()
                        .mapToObj(i -> service.attach("p" + i, "", free()))
                        .toList();

        assertThat(all.stream().map(BridgeIT::address).distinct()).hasSize(20);
        assertThat(all.stream().map(p -> p.ports().getFirst().hostPort()).distinct()).hasSize(20);
        for (var place : all) {
            assertPing(place, all.getFirst().interfaces().getFirst().gateway());
        }
    }

    @Test
    void namesAreAnsweredOnAUserNetwork() throws Exception {
        service.ask(create("names", false));
        var web = service.attach("web", "names");
        var client = service.attach("client", "names");
        var server = client.interfaces().getFirst().gateway();
        assertThat(Path.of(client.resolvConf())).content().contains("nameserver " + server);

        for (var flag : List.of("", "-t ")) {
            var printed =
                    Shell.run(
                            "nsenter --net=%s python3 %s %s%s web"
                                    .formatted(pin(client), query(), flag, server));
            assertThat(printed.strip()).isEqualTo(address(web));
        }
        assertThat(
                        Shell.run(
                                "nsenter --net=%s python3 %s %s nowhere.example"
                                        .formatted(pin(client), query(), server)))
                .contains("code 2");
        detachAll();
        service.ask(new NetworkOperation.Remove("names"));
    }

    private static String query() {
        return Path.of("src/test/python/dns_query.py").toAbsolutePath().toString();
    }

    private static final String ROUTER_ADVERTISEMENT =
            """
            import socket, struct
            s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            index = socket.if_nametoindex("eth0")
            for _ in range(3):
                try:
                    s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, index))
                except OSError as e:
                    print(e)
            """;

    private static NetworkOperation.Create create(String name, boolean internal) {
        return new NetworkOperation.Create(
                name, Optional.empty(), Optional.empty(), internal, Map.of());
    }

    private static PortMapping free() {
        return new PortMapping("", 0, 80, "tcp");
    }

    private static String address(Attached place) {
        return place.interfaces().getFirst().address().replaceFirst("/.*", "");
    }

    private static String pin(Attached place) {
        return place.netns().orElseThrow();
    }

    private static String nsenter(String pin, String command) {
        return Shell.run("nsenter --net=" + pin + " sh -c '" + command + "'");
    }

    private static Shell.Result attempt(Attached place, String command) {
        return Shell.attempt("nsenter --net=" + pin(place) + " " + command);
    }

    private static void assertPing(Attached from, String to) {
        assertThat(attempt(from, "ping -c1 -W2 " + to).printed()).contains(" 0% packet loss");
    }

    private static void assertNoPing(Attached from, String to) {
        assertThat(attempt(from, "ping -c1 -W1 " + to).code()).isNotZero();
    }

    /** Connects and reads the line that {@link ServerOn} sends: the client's address. */
    private static String ask(String host, int port) throws IOException {
        try (var socket = new Socket()) {
            socket.setSoTimeout(1000);
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(host), port), 1000);
            return new String(socket.getInputStream().readAllBytes());
        }
    }

    private static String echo(String host, int port) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.setSoTimeout(2000);
            var to = new InetSocketAddress(InetAddress.ofLiteral(host), port);
            socket.send(new DatagramPacket("hello".getBytes(), 5, to));
            var packet = new DatagramPacket(new byte[64], 64);
            socket.receive(packet);
            return new String(packet.getData(), 0, packet.getLength());
        }
    }

    private static void reflect(DatagramSocket socket) {
        try {
            while (true) {
                var packet = new DatagramPacket(new byte[64], 64);
                socket.receive(packet);
                socket.send(packet);
            }
        } catch (IOException e) {
            if (!socket.isClosed()) {
                System.err.println("test server: " + e);
            }
        }
    }

    private interface Attempt {
        String run() throws IOException;
    }

    /** What the attempt comes to once it succeeds, within ten seconds. */
    private static String eventually(Attempt attempt) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            try {
                return attempt.run();
            } catch (IOException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
            }
        }
    }

    /** Tells every client the address that it comes from, until it is closed. */
    private static final class ServerOn implements AutoCloseable {
        private final ServerSocket socket;

        ServerOn(String pin, int port) throws Exception {
            socket = OwnNetwork.inside(pin, () -> new ServerSocket(port)).get();
            Thread.ofPlatform().daemon().start(this::serve);
        }

        private void serve() {
            while (!socket.isClosed()) {
                try (var client = socket.accept()) {
                    client.getOutputStream()
                            .write(client.getInetAddress().getHostAddress().getBytes());
                } catch (IOException e) {
                    if (!socket.isClosed()) {
                        System.err.println("test server: " + e);
                    }
                }
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
