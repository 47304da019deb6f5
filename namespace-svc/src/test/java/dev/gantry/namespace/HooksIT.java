package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Delete;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Explain;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.State;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.contract.oci.OciSpec;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Hooks, runtime.md "Lifecycle": when, in which namespaces, with what on standard input. */
@RequiresRoot
class HooksIT extends HostedFixture {
    private static final String STAGES =
            "prestart createRuntime createContainer poststart poststop";
    private Path bundle;

    @BeforeEach
    void makeBundle() throws IOException {
        bundle = Files.createTempDirectory(home, "bundle");
    }

    /** A hook that is a shell script of the host's. */
    private static String hook(String script, String more) {
        return "{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",%s,\"x\"]%s}"
                .formatted(Json.mapper().valueToTree(script), more);
    }

    /** Writes NAME, its network namespace and the state, one a line, to a file of the bundle. */
    private String telling(String name) {
        return "[ %s != createContainer ] || touch here; ".formatted(name)
                + "{ echo %s $TOLD; pwd; readlink /proc/self/ns/net; cat; echo; } >> %s/log"
                        .formatted(name, bundle);
    }

    private OciSpec with(String script, String hooks) throws IOException {
        return spec(
                script,
                "hooks",
                hooks,
                "bundle",
                "{\"ociVersion\":\"1.1.0\",\"path\":\"%s\",\"annotations\":{\"a\\\"b\":\"ö\\n\"}}"
                        .formatted(bundle));
    }

    private List<String> log() throws IOException {
        var file = bundle.resolve("log");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private NamespaceResult.Created create(String id, OciSpec spec) {
        return ask(request(id, spec, Stdio.DETACHED));
    }

    @Test
    void eachIsRunAtItsTimeInItsNamespacesAndToldTheState() throws Exception {
        String id = newId();
        var hooks = new ArrayList<String>();
        for (String stage : STAGES.split(" ")) {
            hooks.add(
                    "\"%s\":[%s]"
                            .formatted(stage, hook(telling(stage), ",\"env\":[\"TOLD=yes\"]")));
        }
        hooks.add(
                "\"startContainer\":["
                        + hook("{ echo start; hostname; cat; echo; } > /start.log", "")
                        + "]");
        var host = Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();

        var created = create(id, with("sleep 1000", "{" + String.join(",", hooks) + "}"));

        var afterCreate = log();
        assertThat(upper(id).resolve("start.log")).doesNotExist();
        assertStage(afterCreate, 0, "prestart yes", host, id, "created", created.pid());
        assertStage(afterCreate, 1, "createRuntime yes", host, id, "creating", created.pid());
        assertThat(afterCreate.get(10)).startsWith("net:").isNotEqualTo(host);
        assertStage(afterCreate, 2, "createContainer yes", afterCreate.get(10), id, "creating", 1);
        assertThat(afterCreate).hasSize(12);
        assertThat(upper(id).resolve("here")).exists();

        ask(new Start(id));

        var inside = Files.readAllLines(upper(id).resolve("start.log"));
        assertThat(inside).startsWith("start", "kit");
        assertState(Json.mapper().readTree(inside.get(2)), id, "created", 1);
        assertStage(log(), 3, "poststart yes", host, id, "running", created.pid());
        assertThat(log()).hasSize(16);

        ask(new Delete(id, true));

        assertStage(log(), 4, "poststop yes", host, id, "stopped", 0);
        assertThat(log()).hasSize(20);
    }

    private void assertStage(
            List<String> log, int i, String name, String net, String id, String status, long pid)
            throws IOException {
        assertThat(log).hasSizeGreaterThan(4 * i + 3);
        assertThat(log.get(4 * i)).isEqualTo(name);
        assertThat(log.get(4 * i + 1).equals(bundle.toString()))
                .isEqualTo(!name.startsWith("createContainer"));
        assertThat(log.get(4 * i + 2)).isEqualTo(net);
        assertState(Json.mapper().readTree(log.get(4 * i + 3)), id, status, pid);
    }

    private void assertState(JsonNode state, String id, String status, long pid) {
        assertThat(state.path("ociVersion").asText()).isEqualTo("1.1.0");
        assertThat(state.path("id").asText()).isEqualTo(id);
        assertThat(state.path("status").asText()).isEqualTo(status);
        assertThat(state.path("pid").asLong()).isEqualTo(pid);
        assertThat(state.path("bundle").asText()).isEqualTo(bundle.toString());
        assertThat(state.path("annotations").path("a\"b").asText()).isEqualTo("ö\n");
    }

    @Test
    void oneThatFailsEndsTheCreationAndLeavesNothing() throws Exception {
        for (String stage : List.of("prestart", "createRuntime", "createContainer")) {
            String id = newId();
            var spec =
                    with(
                            "true",
                            "{\"%s\":[%s,%s],\"poststop\":[%s]}"
                                    .formatted(
                                            stage,
                                            hook("echo broken >&2; exit 3", ""),
                                            hook("echo not reached >> log", ""),
                                            hook("echo after " + stage + " >> log", "")));

            assertThatThrownBy(() -> create(id, spec))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining(stage + " hook /bin/sh exited with 3: broken");

            assertFault(FaultCode.NOT_FOUND, new State(id));
            assertThat(log()).endsWith("after " + stage).doesNotContain("not reached");
        }
    }

    @Test
    void oneThatIsNotThereIsNamedWithItsErrno() throws Exception {
        String id = newId();
        var spec = with("true", "{\"createRuntime\":[{\"path\":\"/nowhere/hook\"}]}");

        assertThatThrownBy(() -> create(id, spec))
                .hasMessageContaining("createRuntime hook /nowhere/hook could not be executed")
                .hasMessageContaining("ENOENT");
    }

    @Test
    void inTheContainerItHasTheContainersRightsAndItsFailureEndsTheStart() throws Exception {
        String id = newId();
        create(
                id,
                with(
                        "touch /ran",
                        "{\"startContainer\":[%s],\"poststop\":[%s]}"
                                .formatted(
                                        hook(
                                                "grep CapEff /proc/self/status > /caps; ls"
                                                        + " /proc/self/fd >> /caps; exit 1",
                                                ""),
                                        hook("echo gone >> log", ""))));

        assertThatThrownBy(() -> ask(new Start(id)))
                .hasMessageContaining("startContainer hook /bin/sh exited with 1");

        assertThat(awaitExit(id).code()).isEqualTo(126);
        assertThat(ask(new State(id)).status()).isEqualTo(Status.STOPPED);
        assertThat(upper(id).resolve("ran")).doesNotExist();
        assertThat(Files.readString(upper(id).resolve("caps")))
                .isEqualTo("CapEff:\t00000000a80425fb\n0\n1\n2\n3\n"); // 3 is ls's own
        assertThat(log()).isEmpty();
        ask(new Delete(id, false));
        assertThat(log()).containsExactly("gone");
    }

    @Test
    void afterTheStartAFailureIsAWarning() throws Exception {
        String id = newId();
        create(
                id,
                with(
                        "exit 4",
                        "{\"poststart\":[%s,%s],\"poststop\":[%s,%s]}"
                                .formatted(
                                        hook("exit 1", ""),
                                        hook("echo one >> log", ""),
                                        hook("exit 1", ""),
                                        hook("echo two >> log", ""))));

        ask(new Start(id));

        assertThat(log()).containsExactly("one");
        assertThat(awaitExit(id).code()).isEqualTo(4);
        assertThat(ask(new Explain(id)).steps())
                .filteredOn(step -> step.operation().equals("hook"))
                .extracting(PlanStep::answer)
                .extracting(a -> a.orElse(""))
                .containsExactly("ECANCELED", "ok");
        ask(new Delete(id, false));
        assertThat(log()).containsExactly("one", "two");
    }

    @Test
    void oneThatTakesTooLongIsKilledWithAllThatItStarted() throws Exception {
        String id = newId();
        var spec =
                with(
                        "true",
                        "{\"createRuntime\":[%s]}"
                                .formatted(
                                        hook(
                                                "sleep 1000 & echo $! > pid; wait",
                                                ",\"timeout\":1")));

        assertThatThrownBy(() -> create(id, spec))
                .hasMessageContaining("did not end within 1 s")
                .hasMessageContaining("ETIMEDOUT");

        long sleeper = Long.parseLong(Files.readString(bundle.resolve("pid")).strip());
        var left = ProcessHandle.of(sleeper);
        if (left.isPresent()) {
            left.get().onExit().get(20, TimeUnit.SECONDS); // killed, perhaps not yet reaped
        }
    }

    @Test
    void whatItLeavesRunningAndWhatItSaysHoldNothingUp() throws Exception {
        String id = newId();
        create(
                id,
                with(
                        "true",
                        "{\"createRuntime\":[%s]}"
                                .formatted(
                                        hook(
                                                "exec < /dev/null; yes | head -c 3000000; setsid"
                                                        + " sleep 1000 & echo $! > pid",
                                                ""))));

        long daemon = Long.parseLong(Files.readString(bundle.resolve("pid")).strip());
        assertThat(ProcessHandle.of(daemon).map(ProcessHandle::destroyForcibly)).contains(true);
        assertThat(ask(new State(id)).status()).isEqualTo(Status.CREATED);
    }

    @Test
    void aContainerCanBeDeletedWhileItsHookRuns() throws Exception {
        String id = newId();
        var fifo = bundle.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
        create(
                id,
                with(
                        "sleep 1000",
                        "{\"poststart\":[%s]}".formatted(hook("echo > fifo; sleep 1000", ""))));
        var start = CompletableFuture.runAsync(() -> ask(new Start(id)));
        Files.readAllLines(fifo); // until the hook has opened it

        ask(new Delete(id, true));

        assertThat(start).isNotCancelled();
        assertFault(FaultCode.NOT_FOUND, new State(id));
    }

    @Test
    void theLastHooksAreRunForAContainerWhoseServiceIsAnother() throws Exception {
        String id = newId();
        create(id, with("exit 0", "{\"poststop\":[" + hook("echo end >> log", "") + "]}"));
        ask(new Start(id));
        awaitExit(id);
        hosted.stopService();
        hosted.startService();

        ask(new Delete(id, false));

        assertThat(log()).containsExactly("end");
    }
}
