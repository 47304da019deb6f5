package dev.gantry.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** What every {@link Bus} promises; each implementation runs it. */
@Timeout(60)
abstract class BusKit {
    /** The bus of the peer that owns addresses and publishes. */
    abstract Bus owner();

    /** The bus of another peer that may own the same addresses. */
    abstract Bus successor();

    /** The bus of the peer that calls and subscribes. */
    abstract Bus caller();

    private static final CallOptions SHORT = CallOptions.within(Duration.ofMillis(300));

    @Test
    void answersACallWithTheResultOfTheHandler() {
        owner().serve(CgroupOperation.CONTRACT, request -> Done.nothing());

        var answer =
                caller().ask(
                                CgroupOperation.CONTRACT,
                                new CgroupOperation.Freeze("c1"),
                                CallOptions.DEFAULT);

        assertThat(answer).isEqualTo(Done.nothing());
    }

    @Test
    void handsTheOperationOverWithSenderDeadlineAndTrace() {
        var seen = new CompletableFuture<Request<CgroupOperation<?>>>();
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            seen.complete(request);
                            return Done.nothing();
                        });
        var trace = TraceParent.create();
        var operation = new CgroupOperation.Update("c1", LinuxResources.NONE);

        caller().ask(
                        CgroupOperation.CONTRACT,
                        operation,
                        new CallOptions(Duration.ofSeconds(20), Optional.of(trace)));

        var request = seen.join();
        assertThat(request.operation()).isEqualTo(operation);
        assertThat(request.traceparent()).isEqualTo(trace);
        assertThat(request.sender().pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(request.deadline())
                .isBetween(Instant.now().plusSeconds(10), Instant.now().plusSeconds(21));
    }

    @Test
    void beginsATraceWhereTheCallerHasNone() {
        var seen = new CompletableFuture<String>();
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            seen.complete(request.traceparent());
                            return Done.nothing();
                        });

        caller().ask(CgroupOperation.CONTRACT, new CgroupOperation.Thaw("c1"), CallOptions.DEFAULT);

        assertThat(seen.join()).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");
    }

    @Test
    void carriesAFaultUnchanged() {
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            throw FaultException.kernel(
                                    FaultCode.FAILED_PRECONDITION, "EBUSY", "rmdir /x \"ü\"");
                        });

        var reply =
                caller().call(
                                CgroupOperation.CONTRACT,
                                new CgroupOperation.Delete("c1"),
                                CallOptions.DEFAULT)
                        .join();

        assertThat(reply)
                .isEqualTo(
                        new Reply.Failed<>(
                                new Fault(
                                        FaultCode.FAILED_PRECONDITION,
                                        "cgroup.v1 delete",
                                        "c1",
                                        "rmdir /x \"ü\": EBUSY",
                                        Optional.of("EBUSY"))));
    }

    @Test
    void answersADefectOfTheHandlerWithInternal() {
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            throw new IllegalStateException("on purpose, for the test");
                        });

        assertThat(faultOf(new CgroupOperation.Delete("c1"), CallOptions.DEFAULT).code())
                .isEqualTo(FaultCode.INTERNAL);
    }

    @Test
    void answersUnavailableAtTheDeadline() {
        var release = new CountDownLatch(1);
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            await(release);
                            return Done.nothing();
                        });

        var fault = faultOf(new CgroupOperation.Freeze("c1"), SHORT);
        release.countDown();

        assertThat(fault.code()).isEqualTo(FaultCode.UNAVAILABLE);
        assertThat(fault.operation()).isEqualTo("cgroup.v1 freeze");
        assertThat(fault.subject()).isEqualTo("c1");
    }

    @Test
    void answersUnavailableWhereNobodyOwnsTheAddress() {
        assertThat(faultOf(new CgroupOperation.Freeze("c1"), SHORT).code())
                .isEqualTo(FaultCode.UNAVAILABLE);
    }

    @Test
    void letsARequestWaitForAnOwner() {
        var reply =
                caller().call(
                                CgroupOperation.CONTRACT,
                                new CgroupOperation.Freeze("c1"),
                                CallOptions.DEFAULT);
        assertThat(reply).isNotDone();

        owner().serve(CgroupOperation.CONTRACT, request -> Done.nothing());

        assertThat(reply.join().orThrow()).isEqualTo(Done.nothing());
    }

    @Test
    void runsHandlersSideBySide() {
        var both = new CountDownLatch(2);
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            both.countDown();
                            await(both);
                            return Done.nothing();
                        });

        var first = freeze("c1");
        var second = freeze("c2");

        assertThat(first.join().orThrow()).isEqualTo(Done.nothing());
        assertThat(second.join().orThrow()).isEqualTo(Done.nothing());
    }

    @Test
    void aHandlerMayCallAnotherService() {
        owner().serve(CgroupOperation.CONTRACT, request -> Done.nothing());
        owner().serve(
                        ContainerOperation.CONTRACT,
                        request ->
                                owner().ask(
                                                CgroupOperation.CONTRACT,
                                                new CgroupOperation.Freeze("c1"),
                                                CallOptions.DEFAULT));

        assertThat(
                        caller().ask(
                                        ContainerOperation.CONTRACT,
                                        new ContainerOperation.Pause("c1"),
                                        CallOptions.DEFAULT))
                .isEqualTo(Done.nothing());
    }

    @Test
    void takeOverUnderLoadLosesNoCall() throws Exception {
        var answers = Collections.synchronizedList(new ArrayList<CompletableFuture<Reply<Done>>>());
        owner().serve(CgroupOperation.CONTRACT, request -> Done.nothing());
        var stop = new CountDownLatch(1);
        var load =
                Thread.ofPlatform()
                        .start(
                                () -> {
                                    while (stop.getCount() > 0) {
                                        var reply = freeze("c1");
                                        answers.add(reply);
                                        reply.join();
                                    }
                                });

        for (var i = 0; i < 10; i++) {
            var bus = i % 2 == 0 ? successor() : owner();
            var served = new CountDownLatch(20);
            bus.serve(
                    CgroupOperation.CONTRACT,
                    request -> {
                        served.countDown();
                        return Done.nothing();
                    });
            assertThat(served.await(20, TimeUnit.SECONDS)).isTrue();
        }
        stop.countDown();
        load.join();

        assertThat(answers)
                .allSatisfy(reply -> assertThat(reply.join().orThrow()).isEqualTo(Done.nothing()));
    }

    @Test
    void theFormerOwnerAnswersWhatItHasBegun() {
        var begun = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            begun.countDown();
                            await(release);
                            throw FaultException.of(FaultCode.NOT_FOUND, "the old one");
                        });
        var old = freeze("c1");
        await(begun);

        successor().serve(CgroupOperation.CONTRACT, request -> Done.nothing());

        assertThat(freeze("c2").join().orThrow()).isEqualTo(Done.nothing());
        release.countDown();
        assertThat(old.join()).isInstanceOf(Reply.Failed.class);
    }

    @Test
    void aClosedRegistrationIsNoLongerCalled() {
        var calls = new AtomicInteger();
        var registration =
                owner().serve(
                                CgroupOperation.CONTRACT,
                                request -> {
                                    calls.incrementAndGet();
                                    return Done.nothing();
                                });

        registration.close();
        registration.close();

        assertThat(faultOf(new CgroupOperation.Freeze("c1"), SHORT).code())
                .isEqualTo(FaultCode.UNAVAILABLE);
        assertThat(calls).hasValue(0);
    }

    @Test
    void deliversEventsInOrderAndOnce() throws Exception {
        var events = new LinkedBlockingQueue<Event>();
        caller().subscribe("events.cgroup.*", events::add);
        var expected = new ArrayList<Integer>();

        for (var i = 0; i < 1000; i++) {
            expected.add(i);
            owner().publish("events.cgroup.oom", body(i));
            owner().publish("events.network.attached", body(i));
        }

        var received = new ArrayList<Integer>();
        for (var i = 0; i < 1000; i++) {
            var event = events.poll(20, TimeUnit.SECONDS);
            assertThat(event).isNotNull();
            assertThat(event.topic()).isEqualTo("events.cgroup.oom");
            received.add(event.body().get("number").asInt());
        }
        assertThat(received).isEqualTo(expected);
        assertThat(events).isEmpty();
    }

    @Test
    void everySubscriberGetsEveryEvent() throws Exception {
        var exact = new LinkedBlockingQueue<Event>();
        var all = new LinkedBlockingQueue<Event>();
        caller().subscribe("events.cgroup.oom", exact::add);
        caller().subscribe("events.*", all::add);

        owner().publish("events.cgroup.oom", body(1));
        owner().publish("events.cgroup.pressure", body(2));

        assertThat(exact.poll(20, TimeUnit.SECONDS).body()).isEqualTo(body(1));
        assertThat(all.poll(20, TimeUnit.SECONDS).body()).isEqualTo(body(1));
        assertThat(all.poll(20, TimeUnit.SECONDS).body()).isEqualTo(body(2));
        assertThat(exact).isEmpty();
    }

    @Test
    void aSubscriberThatFailsGetsTheNextEvent() throws Exception {
        var events = new LinkedBlockingQueue<Event>();
        caller().subscribe(
                        "events.*",
                        event -> {
                            events.add(event);
                            throw new IllegalStateException("on purpose, for the test");
                        });

        owner().publish("events.cgroup.oom", body(1));
        owner().publish("events.cgroup.oom", body(2));

        assertThat(events.poll(20, TimeUnit.SECONDS).body()).isEqualTo(body(1));
        assertThat(events.poll(20, TimeUnit.SECONDS).body()).isEqualTo(body(2));
    }

    @Test
    void aClosedSubscriptionGetsNothing() throws Exception {
        var closed = new LinkedBlockingQueue<Event>();
        var open = new LinkedBlockingQueue<Event>();
        var subscription = caller().subscribe("events.*", closed::add);
        caller().subscribe("events.*", open::add);

        subscription.close();
        owner().publish("events.cgroup.oom", body(1));

        assertThat(open.poll(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(closed).isEmpty();
    }

    @Test
    void refusesWhatIsNoTopic() {
        for (var topic : List.of("", "events cgroup", "events.*", "ä", "x\n", "a".repeat(300))) {
            assertThatThrownBy(() -> owner().publish(topic, body(1)))
                    .isInstanceOf(FaultException.class);
        }
    }

    @Test
    void carriesBinaryAndUnicodeUnchanged() {
        var usage = new CompletableFuture<CgroupOperation<?>>();
        owner().serve(
                        CgroupOperation.CONTRACT,
                        request -> {
                            usage.complete(request.operation());
                            throw FaultException.invalid("%s", "\u0000\u2028 \ud83d\ude80 \"\\");
                        });

        var fault = faultOf(new CgroupOperation.Stats("c1"), CallOptions.DEFAULT);

        assertThat(fault.message()).isEqualTo("\u0000\u2028 \ud83d\ude80 \"\\");
        assertThat(usage.join()).isEqualTo(new CgroupOperation.Stats("c1"));
    }

    CompletableFuture<Reply<Done>> freeze(String id) {
        return caller().call(
                        CgroupOperation.CONTRACT,
                        new CgroupOperation.Freeze(id),
                        CallOptions.DEFAULT);
    }

    Fault faultOf(CgroupOperation<?> operation, CallOptions options) {
        var reply = caller().call(CgroupOperation.CONTRACT, operation, options).join();
        assertThat(reply).isInstanceOf(Reply.Failed.class);
        return ((Reply.Failed<?>) reply).fault();
    }

    static ObjectNode body(int number) {
        return JsonNodeFactory.instance.objectNode().put("number", number);
    }

    static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
