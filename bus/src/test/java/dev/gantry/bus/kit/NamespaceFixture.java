package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Event;
import dev.gantry.bus.Operation;
import dev.gantry.bus.client.AttachClient;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Delete;
import dev.gantry.bus.contract.namespace.NamespaceOperation.ListAll;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A bus with a {@code namespace.v1}, and containers that are deleted after each test. */
public abstract class NamespaceFixture {
    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final CallOptions SOON = CallOptions.within(Duration.ofSeconds(20));

    protected final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final List<String> ids = new ArrayList<>();
    private AutoCloseable subscription;

    /** A bus with an owner of the address. */
    protected abstract Bus bus();

    /** A root file system that no other container uses. */
    protected abstract Rootfs rootfs(String id);

    @BeforeEach
    void listen() {
        subscription = bus().subscribe("events.namespace.*", events::add);
    }

    @AfterEach
    void removeAll() throws Exception {
        for (String id : ids) {
            ask(new Delete(id, true));
        }
        subscription.close();
        assertThat(ask(new ListAll()).states())
                .extracting(NamespaceResult.State::id)
                .noneMatch(ids::contains);
    }

    protected <R> R ask(Operation<R> operation) {
        return bus().ask(NamespaceOperation.CONTRACT, operation, SOON);
    }

    protected String newId() {
        String id = "kit-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
        ids.add(id);
        return id;
    }

    protected Create request(String id, OciSpec spec, Stdio stdio) {
        return new Create(id, spec, rootfs(id), null, Optional.empty(), 0, stdio, false, false);
    }

    protected NamespaceResult.Created create(String id, String... args) {
        return ask(request(id, Specs.of(args), Stdio.DETACHED));
    }

    protected NamespaceResult.Exit awaitExit(String id) throws InterruptedException {
        awaitEvent("exited", id);
        return ask(new NamespaceOperation.State(id)).exit().orElseThrow();
    }

    protected Event awaitEvent(String what, String id) throws InterruptedException {
        while (true) {
            var event = events.poll(20, TimeUnit.SECONDS);
            assertThat(event).as("events.namespace.%s of %s", what, id).isNotNull();
            if (event.topic().equals("events.namespace." + what)
                    && event.body().path("id").asText().equals(id)) {
                return event;
            }
        }
    }

    /** Output and exit code of a fresh container. */
    protected Output run(OciSpec spec) throws IOException {
        String id = newId();
        var created = ask(request(id, spec, new Stdio(false, false, null, 0, 0)));
        try (var client = attach(created, AttachClient.BLOCKING)) {
            ask(new Start(id));
            return output(client);
        }
    }

    protected Output run(String... args) throws IOException {
        return run(Specs.of(args));
    }

    protected static AttachClient attach(NamespaceResult.Created created, int flags) {
        return AttachClient.connect(Path.of(created.attachSocket()), flags);
    }

    protected static Output output(AttachClient client) throws IOException {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int code = client.pump(out, err).orElseThrow();
        return new Output(
                out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8), code);
    }

    /** What a process wrote, and its exit code. */
    protected record Output(String out, String err, int code) {}

    protected void assertFault(FaultCode code, Operation<?> operation) {
        assertThatThrownBy(() -> ask(operation))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> assertThat(e.fault().code()).as(e.getMessage()).isEqualTo(code));
    }
}
