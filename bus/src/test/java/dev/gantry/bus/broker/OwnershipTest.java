package dev.gantry.bus.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Event;
import dev.gantry.bus.Reply;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.bus.BusOperation;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.testing.TestBroker;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What callers see when owners, and the broker, come and go; and what the policy denies. */
@Timeout(60)
final class OwnershipTest {
    @TempDir private Path directory;
    private TestBroker broker;

    @AfterEach
    void close() {
        broker.close();
    }

    @Test
    void aRepeatableRequestSurvivesTheDeathOfItsOwner() {
        broker = TestBroker.in(directory);
        try (var dying = RawPeer.connect(broker.socket());
                var caller = broker.connect();
                var next = broker.connect()) {
            own(dying, "cgroup.v1");
            var reply = freeze(caller);
            dying.next();

            dying.die();
            next.serve(CgroupOperation.CONTRACT, request -> Done.nothing());

            assertThat(reply.join()).isEqualTo(new Reply.Ok<>(Done.nothing()));
        }
    }

    @Test
    void aRequestThatKillsTwoOwnersIsNotSentToAThird() {
        broker = TestBroker.in(directory);
        try (var first = RawPeer.connect(broker.socket());
                var second = RawPeer.connect(broker.socket());
                var caller = broker.connect()) {
            own(first, "cgroup.v1");
            var reply = freeze(caller);
            first.next();
            first.die();
            own(second, "cgroup.v1");
            second.next();

            second.die();

            assertThat(fault(reply.join()).code()).isEqualTo(FaultCode.UNAVAILABLE);
        }
    }

    @Test
    void aRequestThatMustNotBeRepeatedFailsWhenItsOwnerDies() {
        broker = TestBroker.in(directory);
        try (var dying = RawPeer.connect(broker.socket());
                var caller = broker.connect()) {
            own(dying, "container.v1");
            var reply =
                    caller.call(
                            ContainerOperation.CONTRACT,
                            new ContainerOperation.Kill("c1", "TERM"),
                            CallOptions.DEFAULT);
            dying.next();

            dying.die();

            assertThat(fault(reply.join()).message()).contains("whether it was done is not known");
        }
    }

    @Test
    void whoDoesNotAskToTakeOverIsRefused() {
        broker = TestBroker.in(directory);
        try (var first = RawPeer.connect(broker.socket());
                var second = RawPeer.connect(broker.socket())) {
            own(first, "x.v1");

            second.send("{\"type\":\"register\",\"address\":\"x.v1\",\"replyAddress\":\"a\"}");

            assertThat(second.next().get("body").get("code").asText()).isEqualTo("ALREADY_EXISTS");
        }
    }

    @Test
    void theDisplacedOwnerIsToldToDrain() {
        broker = TestBroker.in(directory);
        try (var first = RawPeer.connect(broker.socket());
                var second = broker.connect()) {
            own(first, "cgroup.v1");

            second.serve(CgroupOperation.CONTRACT, request -> Done.nothing());

            assertThat(first.next().get("headers").get("drain").asText()).isEqualTo("true");
        }
    }

    @Test
    void whenTheBrokerComesBackServicesServeAndSubscribersHearAgain() throws Exception {
        broker = TestBroker.in(directory);
        try (var owner = broker.connect();
                var caller = broker.connect()) {
            var begun = new CountDownLatch(1);
            var events = new LinkedBlockingQueue<Event>();
            owner.serve(
                    CgroupOperation.CONTRACT,
                    request -> {
                        begun.countDown();
                        return Done.nothing();
                    });
            caller.subscribe("events.*", events::add);
            caller.ask(
                    CgroupOperation.CONTRACT,
                    new CgroupOperation.Freeze("c1"),
                    CallOptions.DEFAULT);

            broker.stop();
            var meanwhile = freeze(caller);
            owner.publish("events.cgroup.oom", JsonNodeFactory.instance.objectNode());
            broker.start();

            assertThat(meanwhile.join()).isEqualTo(new Reply.Ok<>(Done.nothing()));
            var gap = events.poll(20, TimeUnit.SECONDS);
            while (gap != null && !gap.topic().equals("events.bus.gap")) {
                gap = events.poll(20, TimeUnit.SECONDS);
            }
            assertThat(gap).as("a mark where events may be missing").isNotNull();
        }
    }

    @Test
    void theStatusNamesPeersOwnersAndCounts() {
        broker = TestBroker.in(directory);
        try (var owner = broker.connect()) {
            owner.serve(CgroupOperation.CONTRACT, request -> Done.nothing());
            owner.subscribe("events.x.*", event -> {});
            freeze(owner).join();

            var status =
                    owner.ask(
                            BusOperation.CONTRACT, new BusOperation.Status(), CallOptions.DEFAULT);

            assertThat(status.peers())
                    .singleElement()
                    .satisfies(
                            peer -> {
                                assertThat(peer.owns()).containsExactly("cgroup.v1");
                                assertThat(peer.subscribes()).containsExactly("events.x.*");
                                assertThat(peer.pid()).isEqualTo(ProcessHandle.current().pid());
                            });
            assertThat(status.addresses().getFirst().owner()).contains("test");
            assertThat(status.counters()).containsEntry("requests", 1L);
        }
    }

    @Test
    void thePolicyDeniesWhatItDoesNotAllow() {
        var rights =
                new Policy.Identity(
                        List.of(TestBroker.ownUid()),
                        List.of("cgroup.v1"),
                        List.of("network.v1"),
                        List.of("events.cgroup.*"),
                        List.of("events.cgroup.*"));
        broker = TestBroker.in(directory, new Policy(Map.of("narrow", rights)));
        try (var bus = broker.connect()) {
            bus.serve(CgroupOperation.CONTRACT, request -> Done.nothing());
            bus.subscribe("events.cgroup.oom", event -> {});

            assertDenied(() -> bus.serve(ContainerOperation.CONTRACT, request -> Done.nothing()));
            assertDenied(() -> bus.subscribe("events.*", event -> {}));
            assertDenied(() -> bus.subscribe("events.network.up", event -> {}));
            assertThat(fault(freeze(bus).join()).code()).isEqualTo(FaultCode.PERMISSION_DENIED);
        }
    }

    @Test
    void aUserThatThePolicyDoesNotNameIsNotLetIn() {
        var other =
                new Policy.Identity(
                        List.of(4_000_000L), List.of(), List.of(), List.of(), List.of());
        broker = TestBroker.in(directory, new Policy(Map.of("other", other)));
        try (var peer = RawPeer.connect(broker.socket())) {
            assertThat(peer.next().get("body").get("code").asText()).isEqualTo("PERMISSION_DENIED");
            assertThat(peer.isClosed()).isTrue();
        }
    }

    @Test
    void theStandardPolicyGivesEachServiceItsAddressAndNoOther() {
        broker = TestBroker.in(directory);
        var services =
                Map.of(
                        "namespace.v1", 64212L,
                        "cgroup.v1", 64213L,
                        "seccomp.v1", 64214L,
                        "storage.v1", 64215L,
                        "network.v1", 64216L,
                        "container.v1", 64211L);
        var policy = Policy.standard();

        services.forEach(
                (address, uid) -> {
                    var owners =
                            policy.identities().values().stream()
                                    .filter(identity -> identity.mayOwn(address))
                                    .toList();
                    assertThat(owners).hasSize(1);
                    assertThat(owners.getFirst().uids()).containsExactly(uid);
                });
        assertThat(policy.identify(0).orElseThrow().rights().own()).isEmpty();
        assertThat(policy.identify(1000)).isEmpty();
    }

    @Test
    void aDeadlineIsKeptWhereTheOwnerDoesNotAnswer() {
        broker = TestBroker.in(directory);
        try (var owner = RawPeer.connect(broker.socket());
                var caller = RawPeer.connect(broker.socket())) {
            own(owner, "x.v1");

            caller.send(
                    "{\"type\":\"send\",\"address\":\"x.v1\",\"replyAddress\":\"r\",\"headers\":{\"timeout\":\"50\"}}");

            var answer = caller.next();
            assertThat(answer.get("type").asText()).isEqualTo("err");
            assertThat(answer.get("address").asText()).isEqualTo("r");
            assertThat(answer.get("body").get("code").asText()).isEqualTo("UNAVAILABLE");
        }
    }

    @Test
    void theBodyArrivesAsItWasSent() {
        broker = TestBroker.in(directory);
        try (var owner = RawPeer.connect(broker.socket());
                var caller = RawPeer.connect(broker.socket())) {
            own(owner, "x.v1");
            for (var body :
                    List.of(
                            "1.50e+2",
                            "\"\\u00fc\\ud83d\\ude80 \\\" \"",
                            "[1, {\"a\" : null , \"a\":2}]",
                            "true",
                            "0",
                            "-0.0",
                            "12345678901234567890123")) {
                caller.send(
                        "{\"body\": %s ,\"type\":\"send\",\"address\":\"x.v1\",\"replyAddress\":\"r\"}"
                                .formatted(body));

                assertThat(owner.nextText()).contains("\"body\":" + body + "}");
            }
        }
    }

    private static void own(RawPeer peer, String address) {
        peer.send(
                "{\"type\":\"register\",\"address\":\"%s\",\"replyAddress\":\"a\"}"
                        .formatted(address));
        assertThat(peer.next().get("type").asText()).isEqualTo("message");
    }

    private static CompletableFuture<Reply<Done>> freeze(Bus bus) {
        return bus.call(
                CgroupOperation.CONTRACT,
                new CgroupOperation.Freeze("c1"),
                CallOptions.within(Duration.ofSeconds(20)));
    }

    private static Fault fault(Reply<?> reply) {
        assertThat(reply).isInstanceOf(Reply.Failed.class);
        return ((Reply.Failed<?>) reply).fault();
    }

    private static void assertDenied(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).isEqualTo(FaultCode.PERMISSION_DENIED));
    }
}
