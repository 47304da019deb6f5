package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.contract.network.NetworkResult;
import dev.gantry.bus.contract.network.NetworkResult.Attached;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What any implementation of {@code network.v1} must do, whatever it is made of. A subclass gives a
 * bus on which one serves; it runs as root in a network namespace of its own.
 */
public abstract class NetworkContractKit {
    private final Set<String> attached = new LinkedHashSet<>();
    private final Set<String> created = new LinkedHashSet<>();

    /** A bus that reaches the implementation. */
    protected abstract Bus bus();

    @AfterEach
    void detachAll() {
        attached.forEach(id -> ask(new NetworkOperation.Detach(id)));
        created.forEach(name -> ask(new NetworkOperation.Remove(name)));
        assertThat(ask(new NetworkOperation.Attachments()).attachments()).isEmpty();
    }

    @Test
    void noneIsNoInterfaceAndThreeFiles() throws Exception {
        var place = attach("kit-none", "none");

        assertThat(place.interfaces()).isEmpty();
        assertThat(Path.of(place.hosts())).content().contains("127.0.0.1\tlocalhost");
        assertThat(Path.of(place.resolvConf())).exists();
        // An implementation may make the namespace, or leave it to who launches the container.
        if (place.netns().isPresent()) {
            assertThat(run("nsenter --net=" + place.netns().get() + " ip -o link"))
                    .contains("lo: <LOOPBACK,UP")
                    .doesNotContain("eth0");
        }
    }

    @Test
    void hostIsTheHostsNamespace() {
        var place = attach("kit-host", "host");

        assertThat(place.netns()).isEmpty();
        assertThat(place.resolvConf()).isNotEmpty();
    }

    @Test
    void bridgeHasAnAddressARouteAndTheThreeFiles() throws Exception {
        var place = attach("kit-bridge", "");

        var face = place.interfaces().getFirst();
        var pin = place.netns().orElseThrow();
        assertThat(place.network()).isEqualTo("gantry0");
        assertThat(run("nsenter --net=" + pin + " ip -o addr show dev eth0"))
                .contains(face.address());
        assertThat(run("nsenter --net=" + pin + " ip route"))
                .contains("default via " + face.gateway());
        assertThat(run("nsenter --net=" + pin + " ping -c1 -W2 " + face.gateway()))
                .contains("1 received");
        var hostname = Files.readString(Path.of(place.hostnameFile())).strip();
        assertThat(hostname).isEqualTo("kit-bridge");
        assertThat(Path.of(place.hosts()))
                .content()
                .contains(face.address().replaceFirst("/.*", "") + "\tkit-bridge");
        assertThat(Path.of(place.resolvConf())).exists();
    }

    @Test
    void attachIsIdempotent() {
        var first = attach("kit-again", "");

        var second = attach("kit-again", "");

        assertThat(second.interfaces()).isEqualTo(first.interfaces());
        assertThat(second.netns()).isEqualTo(first.netns());
        assertFault(FaultCode.ALREADY_EXISTS, attachment("kit-again", "none"));
    }

    @Test
    void aPlanHasStepsAndNoEffect() {
        var plan =
                ask(
                        new NetworkOperation.Attach(
                                "kit-plan",
                                "",
                                "",
                                List.of(),
                                List.of(),
                                List.of(),
                                List.of(),
                                true));

        assertThat(plan.steps()).isNotEmpty().allMatch(s -> s.answer().isEmpty());
        assertThat(plan.steps()).allMatch(s -> !s.shell().isEmpty());
        assertThat(ask(new NetworkOperation.Attachments()).attachments()).isEmpty();
        assertThat(Path.of(plan.netns().orElseThrow())).doesNotExist();
    }

    @Test
    void whatIsDoneIsReported() {
        var place = attach("kit-steps", "");

        assertThat(place.steps()).isNotEmpty();
        assertThat(place.steps()).allMatch(s -> s.answer().orElse("").equals("ok"));
        assertThat(place.steps()).allMatch(s -> s.startNanos().isPresent());
    }

    @Test
    void aNamespaceIsShared() {
        var owner = attach("kit-owner", "");

        var guest = attach("kit-guest", "container:kit-owner");

        assertThat(guest.netns()).isEqualTo(owner.netns());
        assertThat(guest.resolvConf()).isEqualTo(owner.resolvConf());
        assertFault(FaultCode.NOT_FOUND, attachment("kit-lost", "container:nobody"));
        attached.remove("kit-lost");
    }

    @Test
    void detachLeavesNothingAndCanBeRepeated() {
        var place = attach("kit-gone", "");

        ask(new NetworkOperation.Detach("kit-gone"));
        ask(new NetworkOperation.Detach("kit-gone"));

        assertThat(Path.of(place.netns().orElseThrow())).doesNotExist();
        assertThat(Path.of(place.hosts())).doesNotExist();
        assertThat(run("ip -o link")).doesNotContain(place.interfaces().getFirst().hostInterface());
    }

    @Test
    void portsAreExclusiveAndCanBeTakenBack() {
        attach("kit-port", "");
        var port = new PortMapping("", 18080, 80, "tcp");
        assertThat(ask(new NetworkOperation.Publish("kit-port", port)).ports()).contains(port);
        attach("kit-rival", "");

        assertFault(FaultCode.ALREADY_EXISTS, new NetworkOperation.Publish("kit-rival", port));
        assertThat(ask(new NetworkOperation.Unpublish("kit-port", port)).ports()).isEmpty();
        assertThat(ask(new NetworkOperation.Publish("kit-rival", port)).ports()).contains(port);
    }

    @Test
    void aFreePortIsChosen() {
        attached.add("kit-free");
        var place =
                ask(
                        new NetworkOperation.Attach(
                                "kit-free",
                                "",
                                "",
                                List.of(),
                                List.of(new PortMapping("", 0, 80, "tcp")),
                                List.of(),
                                List.of(),
                                false));

        assertThat(place.ports().getFirst().hostPort()).isBetween(1024, 65535);
    }

    @Test
    void networksComeAndGo() {
        var network = create("kit-net", Optional.of("10.201.7.0/24"));
        assertThat(network.gateway()).isEqualTo("10.201.7.1");
        assertThat(create("kit-net", Optional.of("10.201.7.0/24"))).isEqualTo(network);
        assertFault(
                FaultCode.ALREADY_EXISTS,
                new NetworkOperation.Create(
                        "kit-net",
                        Optional.of("10.201.8.0/24"),
                        Optional.empty(),
                        false,
                        Map.of()));
        assertThat(ask(new NetworkOperation.Networks()).networks())
                .extracting(NetworkResult.Network::name)
                .contains("gantry0", "host", "none", "kit-net");

        attach("kit-member", "kit-net");

        assertThat(ask(new NetworkOperation.Inspect("kit-net")).containers())
                .containsKey("kit-member");
        assertFault(FaultCode.FAILED_PRECONDITION, new NetworkOperation.Remove("kit-net"));
        ask(new NetworkOperation.Detach("kit-member"));
        ask(new NetworkOperation.Remove("kit-net"));
        ask(new NetworkOperation.Remove("kit-net"));
        assertFault(FaultCode.NOT_FOUND, new NetworkOperation.Inspect("kit-net"));
    }

    @Test
    void namesResolveOnTheirNetwork() {
        create("kit-names", Optional.empty());
        attached.add("kit-web");
        var web =
                ask(
                        new NetworkOperation.Attach(
                                "kit-web",
                                "kit-names",
                                "web",
                                List.of("shop"),
                                List.of(),
                                List.of(),
                                List.of(),
                                false));
        var address = web.interfaces().getFirst().address().replaceFirst("/.*", "");

        for (var name : List.of("web", "shop", "kit-web")) {
            assertThat(ask(new NetworkOperation.Resolve("kit-names", name)).addresses())
                    .containsExactly(address);
        }
        assertFault(FaultCode.NOT_FOUND, new NetworkOperation.Resolve("kit-names", "nobody"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/b", "-x", "a b", "a\n", "$(id)", "container:../x"})
    void hostileNetworkNamesAreRefused(String name) {
        assertFault(FaultCode.INVALID_ARGUMENT, attachment("kit-hostile", name));
        attached.remove("kit-hostile");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nnameserver 1.2.3.4", "x'; id; '", "-", "a..\u202eb", " "})
    void hostileHostNamesAreRefused(String name) {
        assertFault(
                FaultCode.INVALID_ARGUMENT,
                new NetworkOperation.Attach(
                        "kit-hostile",
                        "",
                        name,
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "localhost", "1.2.3.4\n"})
    void hostileAddressesAreRefused(String address) {
        attach("kit-address", "");
        assertFault(
                FaultCode.INVALID_ARGUMENT,
                new NetworkOperation.Publish(
                        "kit-address", new PortMapping(address, 18081, 80, "tcp")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.2.3/24", "10.0.0.0/33", "10.0.0.0", "::/0", "10.0.0.0/31"})
    void badSubnetsAreRefused(String subnet) {
        assertFault(
                FaultCode.INVALID_ARGUMENT,
                new NetworkOperation.Create(
                        "kit-bad", Optional.of(subnet), Optional.empty(), false, Map.of()));
    }

    /** Attaches, to be detached after the test. */
    protected final Attached attach(String id, String network) {
        return ask(attachment(id, network));
    }

    private NetworkOperation.Attach attachment(String id, String network) {
        attached.add(id);
        return new NetworkOperation.Attach(
                id, network, "", List.of(), List.of(), List.of(), List.of(), false);
    }

    private NetworkResult.Network create(String name, Optional<String> subnet) {
        created.add(name);
        return ask(new NetworkOperation.Create(name, subnet, Optional.empty(), false, Map.of()));
    }

    /** Asks the implementation. */
    protected final <R> R ask(NetworkOperation<R> operation) {
        return bus().ask(NetworkOperation.CONTRACT, operation, CallOptions.DEFAULT);
    }

    private void assertFault(FaultCode code, NetworkOperation<?> operation) {
        assertThatThrownBy(() -> ask(operation))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).as(e.getMessage()).isEqualTo(code));
    }

    /** Runs a shell command line; what it printed. */
    protected static String run(String command) {
        try {
            var process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            var printed = new String(process.getInputStream().readAllBytes());
            process.waitFor();
            return printed;
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
