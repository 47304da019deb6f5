package dev.gantry.bus.broker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.bus.BusOperation;
import dev.gantry.bus.contract.bus.BusResult;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.testing.TestBroker;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The row "bus frames" of security.md: whatever a peer sends, it is answered or cut off, soon, and
 * the others do not notice.
 */
@Timeout(60)
final class HostileFramesTest {
    private static final int MIB = 1024 * 1024;

    private static final Limits LIMITS =
            new Limits(
                    4 * MIB,
                    8 * MIB,
                    16 * MIB,
                    200,
                    64,
                    8,
                    16,
                    4,
                    Duration.ofMillis(400),
                    Duration.ofMillis(400));

    @TempDir private Path directory;
    private TestBroker broker;
    private Bus owner;
    private Bus bystander;

    @BeforeEach
    void connect() {
        broker = TestBroker.in(directory, LIMITS);
        owner = broker.connect();
        owner.serve(CgroupOperation.CONTRACT, request -> Done.nothing());
        bystander = broker.connectOnce();
    }

    @AfterEach
    void theOthersDidNotNotice() {
        var before = System.nanoTime();
        assertThat(
                        bystander.ask(
                                CgroupOperation.CONTRACT,
                                new CgroupOperation.Freeze("c1"),
                                CallOptions.DEFAULT))
                .isEqualTo(Done.nothing());
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
        bystander.close();
        owner.close();
        broker.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4 * MIB + 1, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL})
    void anAnnouncedLengthIsCheckedBeforeAnythingIsAllocated(long length) {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.bytes(ByteBuffer.allocate(4).putInt((int) length).array());

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
            assertThat(peer.isClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x",
                "1",
                "[]",
                "{",
                "{\"type\":\"ping\"} {}",
                "{\"type\":\"ping\"",
                "{\"type\":\"send\",\"type\":\"ping\"}",
                "{\"type\":1}",
                "{\"type\":[\"ping\"]}",
                "{\"type\":\"send\",\"address\":{}}",
                "{\"type\":\"send\",\"address\":\"a\",\"replyAddress\":7}",
                "{\"type\":\"send\",\"headers\":[]}",
                "{\"type\":\"send\",\"headers\":{\"a\":{}}}",
                "{\"type\":\"send\",\"headers\":{\"a\":\"b\",\"a\":\"c\"}}",
                "{\"type\":\"send\",\"body\":tru}",
                "{\"type\":\"send\",\"body\":NaN}",
                "{\"type\":\"send\",\"body\":01}",
                "{\"type\":\"send\",\"body\":\"\u0001\"}"
            })
    void whatIsNoFrameIsAnsweredAndCutOff(String text) {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.send(text);

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
            assertThat(peer.isClosed()).isTrue();
        }
    }

    @Test
    void bytesThatAreNotUtf8AreCutOff() {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.bytes((byte) 0, (byte) 0, (byte) 0, (byte) 5)
                    .bytes((byte) '{', (byte) '"', (byte) 0xc0, (byte) 0xaf, (byte) '"');

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
            assertThat(peer.isClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"send\",\"address\":\"cgroup.v1\",\"body\":%s}",
                "{\"type\":\"send\",\"headers\":%s}",
                "{\"type\":\"send\",\"other\":%s}"
            })
    void deepNestingIsCutOff(String form) {
        var deep = "[".repeat(100_000) + "]".repeat(100_000);
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.send(form.formatted(deep));

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
            assertThat(peer.isClosed()).isTrue();
        }
    }

    @Test
    void tooManyAndTooLongHeadersAreCutOff() {
        var many = new StringBuilder();
        for (var i = 0; i < 1000; i++) {
            many.append(i == 0 ? "" : ",").append("\"h").append(i).append("\":\"v\"");
        }
        try (var first = RawPeer.connect(broker.socket());
                var second = RawPeer.connect(broker.socket())) {
            first.send("{\"type\":\"send\",\"headers\":{" + many + "}}");
            second.send("{\"type\":\"send\",\"address\":\"" + "a".repeat(100_000) + "\"}");

            assertThat(first.isClosed()).isTrue();
            assertThat(second.isClosed()).isTrue();
        }
    }

    @Test
    void anUnknownTypeIsAnsweredAndTheConnectionStays() {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.send("{\"type\":\"frobnicate\",\"address\":\"a\"}").send("{\"type\":\"ping\"}");

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
            assertThat(peer.next().get("type").asText()).isEqualTo("pong");
        }
    }

    @Test
    void aFrameThatDoesNotEndIsCutOff() {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.bytes((byte) 0, (byte) 0, (byte) 1, (byte) 0, (byte) '{');

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
            assertThat(peer.isClosed()).isTrue();
        }
    }

    @Test
    void aTrickleOfBytesDoesNotPutTheEndOff() throws Exception {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.bytes((byte) 0, (byte) 0, (byte) 1, (byte) 0);
            var trickle = new CountDownLatch(1);
            // The pace of the attacker, not a wait of the test's.
            while (peer.isOpen() && !trickle.await(50, TimeUnit.MILLISECONDS)) {
                peer.bytes((byte) ' ');
            }

            assertThat(peer.isClosed()).isTrue();
        }
    }

    @Test
    void aHalfClosedConnectionIsClosed() {
        try (var peer = RawPeer.connect(broker.socket());
                var midFrame = RawPeer.connect(broker.socket())) {
            peer.shutdownOutput();
            midFrame.bytes((byte) 0, (byte) 0).shutdownOutput();

            assertThat(peer.isClosed()).isTrue();
            assertThat(midFrame.isClosed()).isTrue();
        }
    }

    @Test
    void tenThousandConnectionsOfOneUserAreRefusedBeyondItsShare() {
        var peers = new ArrayList<RawPeer>();
        try {
            for (var i = 0; i < 10_000; i++) {
                peers.add(RawPeer.deaf(broker.socket()));
            }

            await(() -> status().counters().get("refused-connections") > 9_900);
            assertThat(status().peers()).hasSize(LIMITS.userConnections());
        } finally {
            peers.forEach(RawPeer::close);
        }
    }

    @Test
    void unfinishedFramesOfOneUserAreBounded() {
        var peers = new ArrayList<RawPeer>();
        try {
            for (var i = 0; i < 30; i++) {
                var peer = RawPeer.connect(broker.socket());
                peers.add(peer);
                peer.bytes(ByteBuffer.allocate(4).putInt(4 * MIB).array());
                peer.bytes(new byte[3 * MIB]);
            }

            assertThat(peers)
                    .anySatisfy(
                            peer ->
                                    assertThat(peer.poll().map(HostileFramesTest::fault))
                                            .contains("RESOURCE_EXHAUSTED"));
        } finally {
            peers.forEach(RawPeer::close);
        }
    }

    @Test
    void aSubscriberThatNeverReadsIsCutOffAndTheOthersGetEverything() throws Exception {
        var events = 400;
        var all = new CountDownLatch(events);
        // The limit is the bystander's as well: it must never be left that far behind.
        var unread = new Semaphore(20);
        bystander.subscribe(
                "events.*",
                event -> {
                    all.countDown();
                    unread.release();
                });
        try (var deaf = RawPeer.deaf(broker.socket())) {
            deaf.send("{\"type\":\"register\",\"address\":\"events.*\"}");
            var body = JsonNodeFactory.instance.objectNode().put("text", "x".repeat(100_000));

            for (var i = 0; i < events; i++) {
                assertThat(unread.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
                owner.publish("events.cgroup.test", body);
            }

            assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
            await(() -> status().peers().size() == 2);
            assertThat(status().counters().get("cut-off")).isEqualTo(1);
        }
    }

    @Test
    void aForgedSenderIsReplacedByTheTrueOne() {
        try (var peer = RawPeer.connect(broker.socket());
                var subscriber = RawPeer.connect(broker.socket())) {
            subscriber
                    .send("{\"type\":\"register\",\"address\":\"events.*\",\"replyAddress\":\"a\"}")
                    .next();

            peer.send(
                    "{\"type\":\"publish\",\"address\":\"events.x.y\",\"headers\":{\"sender\":\"orchestrator\",\"uid\":\"0\",\"pid\":\"1\",\"drain\":\"true\",\"mine\":\"1\"},\"body\":{}}");

            var headers = subscriber.next().get("headers");
            assertThat(headers.get("sender").asText()).isEqualTo("test");
            assertThat(headers.get("uid").asLong()).isEqualTo(TestBroker.ownUid());
            assertThat(headers.get("pid").asLong()).isEqualTo(ProcessHandle.current().pid());
            assertThat(headers.has("drain")).isFalse();
            assertThat(headers.get("mine").asText()).isEqualTo("1");
        }
    }

    @Test
    void onlyTheOwnerMayAnswerARequest() {
        try (var caller = RawPeer.connect(broker.socket());
                var victim = RawPeer.connect(broker.socket());
                var forger = RawPeer.connect(broker.socket())) {
            victim.send("{\"type\":\"register\",\"address\":\"x.v1\",\"replyAddress\":\"a\"}")
                    .next();
            caller.send(
                    "{\"type\":\"send\",\"address\":\"x.v1\",\"replyAddress\":\"r\",\"body\":1}");
            var token = victim.next().get("replyAddress").asText();

            forger.send(
                    "{\"type\":\"send\",\"address\":\"%s\",\"replyAddress\":\"f\",\"body\":666}"
                            .formatted(token));
            assertThat(fault(forger.next())).isEqualTo("PERMISSION_DENIED");
            victim.send("{\"type\":\"send\",\"address\":\"%s\",\"body\":2}".formatted(token));

            assertThat(caller.next().get("body").asInt()).isEqualTo(2);
            assertThat(caller.nothingCame()).isTrue();
        }
    }

    @Test
    void aDoubleRegisterDeliversOnce() {
        try (var peer = RawPeer.connect(broker.socket())) {
            for (var i = 0; i < 2; i++) {
                peer.send("{\"type\":\"register\",\"address\":\"x.v1\",\"replyAddress\":\"a\"}");
                peer.send(
                        "{\"type\":\"register\",\"address\":\"events.x.*\",\"replyAddress\":\"a\"}");
                peer.next();
                peer.next();
            }

            peer.send("{\"type\":\"publish\",\"address\":\"events.x.y\",\"body\":{}}");
            peer.send("{\"type\":\"send\",\"address\":\"x.v1\",\"body\":{}}");
            peer.send("{\"type\":\"ping\"}");

            assertThat(peer.next().get("address").asText()).isEqualTo("events.x.y");
            assertThat(peer.next().get("address").asText()).isEqualTo("x.v1");
            assertThat(peer.next().get("type").asText()).isEqualTo("pong");
        }
    }

    @Test
    void registrationsAreLimited() {
        try (var peer = RawPeer.connect(broker.socket())) {
            for (var i = 0; i < 100; i++) {
                peer.send("{\"type\":\"register\",\"address\":\"a%d\"}".formatted(i));
            }

            assertThat(fault(peer.next())).isEqualTo("RESOURCE_EXHAUSTED");
            assertThat(status().addresses()).hasSizeLessThan(12);
        }
    }

    @Test
    void callsThatAreNotAnsweredAreLimited() {
        var release = new CountDownLatch(1);
        owner.serve(
                CgroupOperation.CONTRACT,
                request ->
                        request.operation() instanceof CgroupOperation.Thaw
                                ? park(release)
                                : Done.nothing());
        try (var peer = RawPeer.connect(broker.socket())) {
            for (var i = 0; i < 100; i++) {
                peer.send(
                        "{\"type\":\"send\",\"address\":\"cgroup.v1\",\"replyAddress\":\"r\",\"headers\":{\"timeout\":\"20000\"},\"body\":{\"operation\":\"thaw\",\"id\":\"c\"}}");
            }

            assertThat(fault(peer.next())).isEqualTo("RESOURCE_EXHAUSTED");
        }
        // The peer has gone, and with it the calls that were its user's.
        await(() -> status().addresses().getFirst().atWork() == 0);
        release.countDown();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1e3", "x", "99999999999999999999", " 1"})
    void aDeadlineThatIsNoNumberIsRefused(String timeout) {
        try (var peer = RawPeer.connect(broker.socket())) {
            peer.send(
                    "{\"type\":\"send\",\"address\":\"cgroup.v1\",\"replyAddress\":\"r\",\"headers\":{\"timeout\":\"%s\"},\"body\":{}}"
                            .formatted(timeout));

            assertThat(fault(peer.next())).isEqualTo("INVALID_ARGUMENT");
        }
    }

    @Test
    void aBodyThatIsNoOperationIsRefusedByTheOwner() {
        try (var peer = RawPeer.connect(broker.socket())) {
            for (var body :
                    new String[] {
                        "null",
                        "7",
                        "\"\\ud800\"",
                        "[]",
                        "{}",
                        "{\"operation\":\"no\"}",
                        "{\"operation\":\"freeze\"}",
                        "{\"operation\":\"freeze\",\"id\":\"../x\"}",
                        "{\"operation\":\"freeze\",\"id\":\"a\",\"id\":\"b\"}"
                    }) {
                peer.send(
                        "{\"type\":\"send\",\"address\":\"cgroup.v1\",\"replyAddress\":\"r\",\"body\":%s}"
                                .formatted(body));

                assertThat(fault(peer.next())).as(body).isEqualTo("INVALID_ARGUMENT");
            }
        }
    }

    private BusResult.Status status() {
        return bystander.ask(BusOperation.CONTRACT, new BusOperation.Status(), CallOptions.DEFAULT);
    }

    /** Asks again until it is so; the time-out of the test bounds it. */
    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private static Object park(CountDownLatch release) {
        try {
            release.await();
            return Done.nothing();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String fault(JsonNode frame) {
        assertThat(frame.get("type").asText()).isEqualTo("err");
        return frame.get("body").get("code").asText();
    }
}
