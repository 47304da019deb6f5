package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.client.AttachClient;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Delete;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.ExecState;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Resize;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Signal;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What any implementation of {@code namespace.v1} must do. A subclass gives a bus on which one is
 * served, and root file systems with {@code /bin/sh} and busybox's commands.
 */
public abstract class NamespaceContractKit extends NamespaceFixture {
    private static void send(AttachClient client, byte[] input) {
        try {
            client.write(input, input.length);
            client.closeInput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void createdWaitsThenRunsThenStops() throws Exception {
        String id = newId();
        var created = create(id, "sh", "-c", "exit 7");
        assertThat(created.pid()).isPositive();
        assertThat(ask(new NamespaceOperation.Explain(id)).steps())
                .allSatisfy(step -> assertThat(step.answer()).isPresent())
                .extracting("operation")
                .contains("clone3", "pivot_root")
                .doesNotContain("execve");
        assertThat(ask(new NamespaceOperation.State(id)).status()).isEqualTo(Status.CREATED);

        var started = ask(new Start(id));

        assertThat(started.pid()).isEqualTo(created.pid());
        assertThat(ask(new NamespaceOperation.Explain(id)).steps())
                .extracting("operation")
                .contains("clone3", "execve");
        assertThat(awaitExit(id).code()).isEqualTo(7);
        assertThat(ask(new NamespaceOperation.State(id)).status()).isEqualTo(Status.STOPPED);
    }

    @Test
    void eventsComeOnceAndInOrder() throws Exception {
        String id = newId();
        create(id, "true");
        ask(new Start(id));
        awaitExit(id);
        ask(new Delete(id, false));
        events.clear();
        String second = newId();

        create(second, "true");
        ask(new Start(second));
        awaitEvent("created", second);
        var started = awaitEvent("started", second);
        var exited = awaitEvent("exited", second);
        ask(new Delete(second, false));
        awaitEvent("deleted", second);

        assertThat(started.body().path("pid").asLong()).isPositive();
        assertThat(exited.body().path("code").asInt(-1)).isZero();
        assertThat(exited.body().path("timeNanos").asLong()).isPositive();
        assertThat(events).isEmpty();
    }

    @Test
    void outputAndCodeReachAnAttachedClient() throws IOException {
        var output = run("sh", "-c", "echo out; echo err >&2; exit 3");

        assertThat(output).isEqualTo(new Output("out\n", "err\n", 3));
    }

    @Test
    void inputReachesTheProcess() throws IOException {
        String id = newId();
        var created = ask(request(id, Specs.of("cat"), new Stdio(true, false, null, 0, 0)));
        try (var client = attach(created, AttachClient.STDIN | AttachClient.BLOCKING)) {
            ask(new Start(id));
            var input = "x".repeat(200_000).getBytes(StandardCharsets.UTF_8);
            Thread.startVirtualThread(() -> send(client, input));

            assertThat(output(client).out()).hasSize(200_000);
        }
    }

    @Test
    void aTerminalHasASize() throws IOException {
        String id = newId();
        var spec = Specs.terminal("sh", "-c", "stty size; read x; stty size; tty");
        var created = ask(request(id, spec, new Stdio(true, false, null, 0, 0)));
        try (var client = attach(created, AttachClient.STDIN | AttachClient.BLOCKING)) {
            ask(new Start(id));
            ask(new Resize(id, Optional.empty(), 40, 120));
            client.write("\n".getBytes(StandardCharsets.UTF_8), 1);

            assertThat(output(client).out()).contains("40 120").contains("/dev/pts/0");
        }
    }

    @Test
    void aSignalEndsIt() throws Exception {
        String id = newId();
        create(id, "sleep", "1000");
        ask(new Start(id));

        ask(new Signal(id, 9, false));

        var exit = awaitExit(id);
        assertThat(exit.code()).isEqualTo(137);
        assertThat(exit.signal()).isEqualTo(9);
    }

    @Test
    void execRunsBeside() throws Exception {
        String id = newId();
        create(id, "sleep", "1000");
        ask(new Start(id));
        var process = Specs.of("sh", "-c", "echo $$; exit 5").process();

        var session =
                ask(
                        new Exec(
                                id,
                                "one",
                                process,
                                Optional.empty(),
                                0,
                                new Stdio(false, true, null, 0, 0)));
        try (var client = attach(session, AttachClient.BLOCKING)) {
            var output = output(client);

            assertThat(output.code()).isEqualTo(5);
            assertThat(Long.parseLong(output.out().strip())).isGreaterThan(1).isLessThan(100);
        }
        var event = awaitEvent("exec-exited", id);
        assertThat(event.body().path("execId").asText()).isEqualTo("one");
        assertThat(event.body().path("code").asInt()).isEqualTo(5);
        assertThat(ask(new ExecState(id, "one")).exit().orElseThrow().code()).isEqualTo(5);
        assertThat(ask(new NamespaceOperation.State(id)).status()).isEqualTo(Status.RUNNING);
    }

    @Test
    void aMissingCommandIsAFaultAndExitCode127() throws Exception {
        String id = newId();
        create(id, "no-such-command");

        assertThatThrownBy(() -> ask(new Start(id)))
                .isInstanceOfSatisfying(
                        FaultException.class,
                        e -> {
                            assertThat(e.fault().code()).isEqualTo(FaultCode.NOT_FOUND);
                            assertThat(e.fault().errno()).contains("ENOENT");
                            assertThat(e.getMessage()).contains("no-such-command");
                        });
        assertThat(awaitExit(id).code()).isEqualTo(127);
    }

    @Test
    void runIsCreateAndStartInOne() throws Exception {
        String id = newId();
        var request = request(id, Specs.of("sh", "-c", "exit 7"), Stdio.DETACHED);
        var ran = ask(new NamespaceOperation.Run(request));

        assertThat(ran.notStarted()).isEmpty();
        assertThat(awaitEvent("started", id).body().path("pid").asLong())
                .isEqualTo(ran.created().pid());
        assertThat(awaitExit(id).code()).isEqualTo(7);
        assertThat(ask(new NamespaceOperation.Run(request)).notStarted()).isEmpty();
    }

    @Test
    void aRunThatCannotExecuteItsCommandSaysWhyAndHasEnded() throws Exception {
        String id = newId();
        var request = request(id, Specs.of("no-such-command"), Stdio.DETACHED);
        var failure = ask(new NamespaceOperation.Run(request)).notStarted().orElseThrow();

        assertThat(failure.code()).isEqualTo(FaultCode.NOT_FOUND);
        assertThat(failure.errno()).contains("ENOENT");
        assertThat(awaitExit(id).code()).isEqualTo(127);
    }

    @Test
    void theSameCreateAgainIsHarmlessAndAnotherIsNot() {
        String id = newId();
        var request = request(id, Specs.of("sleep", "1000"), Stdio.DETACHED);
        var first = ask(request);

        assertThat(ask(request).pid()).isEqualTo(first.pid());
        assertFault(
                FaultCode.ALREADY_EXISTS,
                new Create(
                        id,
                        Specs.of("true"),
                        request.rootfs(),
                        null,
                        Optional.empty(),
                        0,
                        Stdio.DETACHED,
                        false,
                        false));
        ask(new Start(id));
        ask(new Start(id));
    }

    @Test
    void deleteOfAnAbsentOneIsNoErrorAndOfARunningOneNeedsForce() {
        ask(new Delete("kit-never-was", false));
        String id = newId();
        create(id, "sleep", "1000");
        ask(new Start(id));

        assertFault(FaultCode.FAILED_PRECONDITION, new Delete(id, false));
        ask(new Delete(id, true));
        assertFault(FaultCode.NOT_FOUND, new NamespaceOperation.State(id));
        ask(new Delete(id, true));
    }

    @Test
    void aPlanHasNoEffect() {
        String id = newId();
        var plan =
                ask(
                        new Create(
                                id,
                                Specs.of("true"),
                                rootfs(id),
                                null,
                                Optional.empty(),
                                0,
                                Stdio.DETACHED,
                                false,
                                true));

        assertThat(plan.pid()).isZero();
        assertThat(plan.steps())
                .allSatisfy(
                        step -> {
                            assertThat(step.answer()).isEmpty();
                            assertThat(step.shell()).isNotBlank();
                        });
        assertFault(FaultCode.NOT_FOUND, new NamespaceOperation.State(id));
    }

    @Test
    void whatIsNotThereIsNotFound() {
        assertFault(FaultCode.NOT_FOUND, new Start("kit-absent"));
        assertFault(FaultCode.NOT_FOUND, new Signal("kit-absent", 15, false));
        assertFault(FaultCode.NOT_FOUND, new NamespaceOperation.State("kit-absent"));
        assertFault(FaultCode.NOT_FOUND, new ExecState("kit-absent", "x"));
        assertFault(FaultCode.NOT_FOUND, new Resize("kit-absent", Optional.empty(), 1, 1));
    }

    @Test
    void aFailedCreateLeavesNothing() {
        String id = newId();
        var bad = Specs.mounted("/nowhere/at/all", "/mnt", "true");

        assertFault(FaultCode.NOT_FOUND, request(id, bad, Stdio.DETACHED));

        assertFault(FaultCode.NOT_FOUND, new NamespaceOperation.State(id));
        create(id, "true");
    }
}
