package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.Bus;
import dev.gantry.bus.LocalBus;
import dev.gantry.bus.contract.namespace.NamespaceOperation;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Delete;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Exec;
import dev.gantry.bus.contract.namespace.NamespaceOperation.ExecState;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Rootfs;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Signal;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.contract.namespace.NamespaceResult.Status;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.kit.NamespaceContractKit;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The contract again, and what becomes of containers when the service, the launcher or a shim is
 * killed.
 */
@RequiresRoot
class SurvivalIT extends NamespaceContractKit {
    @TempDir static Path home;
    private static LocalBus bus;
    private static BusyboxRoot roots;
    private static Hosted hosted;

    @BeforeAll
    static void serve() throws Exception {
        roots = new BusyboxRoot(home.resolve("roots"));
        bus = new LocalBus();
        hosted = new Hosted(Layout.below(home), bus);
    }

    @AfterAll
    static void stop() throws Exception {
        hosted.close();
        bus.close();
    }

    @Override
    protected Bus bus() {
        return bus;
    }

    @Override
    protected Rootfs rootfs(String id) {
        return roots.of(id);
    }

    private String running(String... args) {
        String id = newId();
        create(id, args);
        ask(new Start(id));
        return id;
    }

    private Status status(String id) {
        return ask(new NamespaceOperation.State(id)).status();
    }

    private static ProcessHandle process(long pid) {
        return ProcessHandle.of(pid).orElseThrow();
    }

    private static long shimOf(long pid) throws Exception {
        var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 4).split(" ")[0]);
    }

    @Test
    void anotherInstanceGoesOnWithWhatRuns() throws Exception {
        String id = running("sleep", "1000");
        String waiting = newId();
        create(waiting, "sh", "-c", "exit 4");
        long pid = ask(new NamespaceOperation.State(id)).pid();

        hosted.stopService();
        hosted.startService();

        assertThat(status(id)).isEqualTo(Status.RUNNING);
        assertThat(ask(new NamespaceOperation.State(id)).pid()).isEqualTo(pid);
        assertThat(status(waiting)).isEqualTo(Status.CREATED);
        ask(new Start(waiting));
        assertThat(awaitExit(waiting).code()).isEqualTo(4);
        ask(exec(id, "later", "sh", "-c", "exit 9"));
        awaitEvent("exec-exited", id);
        assertThat(ask(new ExecState(id, "later")).exit().orElseThrow().code()).isEqualTo(9);
        ask(new Signal(id, 15, false));
        ask(new Signal(id, 9, false));
        assertThat(awaitExit(id).signal()).isEqualTo(9);
    }

    private static Exec exec(String id, String execId, String... args) {
        return new Exec(
                id, execId, Specs.process(false, args), Optional.empty(), 0, Stdio.DETACHED);
    }

    @Test
    void anExitThatNobodySawIsToldOnce() throws Exception {
        String id = running("sh", "-c", "read x; exit 6");
        String other = newId();
        create(other, "sh", "-c", "trap 'exit 8' TERM; while :; do sleep 0.05; done");
        ask(new Start(other));
        assertThat(awaitExit(id).code()).isEqualTo(6);
        long pid = ask(new NamespaceOperation.State(other)).pid();

        hosted.stopService();
        process(pid).destroyForcibly();
        process(pid).onExit().get(10, TimeUnit.SECONDS);
        events.clear();
        hosted.startService();

        var told = awaitEvent("exited", other);
        assertThat(told.body().path("code").asInt()).isEqualTo(137);
        assertThat(status(other)).isEqualTo(Status.STOPPED);
        hosted.stopService();
        events.clear();
        hosted.startService();
        assertThat(status(other)).isEqualTo(Status.STOPPED);
        assertThat(status(id)).isEqualTo(Status.STOPPED);
        // a further container's event shows that no older one is on its way
        String last = running("true");
        awaitExit(last);
        assertThat(events).noneMatch(e -> e.body().path("id").asText().matches(id + "|" + other));
    }

    @Test
    void aKilledShimIsAnExitWithAReason() throws Exception {
        String id = running("sleep", "1000");
        long pid = ask(new NamespaceOperation.State(id)).pid();

        process(shimOf(pid)).destroyForcibly();

        var told = awaitEvent("exited", id);
        assertThat(told.body().path("code").asInt()).isEqualTo(137);
        assertThat(told.body().path("reason").asText()).contains("shim");
        assertThat(status(id)).isEqualTo(Status.STOPPED);
        ask(new Delete(id, false));
    }

    @Test
    void aShimKilledWhileNobodyLookedIsNoticedAndStaysSo() throws Exception {
        String id = running("sleep", "1000");
        long pid = ask(new NamespaceOperation.State(id)).pid();
        hosted.stopService();
        var shim = process(shimOf(pid));
        shim.destroyForcibly();
        shim.onExit().get(10, TimeUnit.SECONDS);
        events.clear();
        hosted.startService();

        awaitEvent("exited", id);
        var exit = ask(new NamespaceOperation.State(id)).exit();
        hosted.stopService();
        hosted.startService();

        assertThat(ask(new NamespaceOperation.State(id)).exit()).isEqualTo(exit);
    }

    /** security.md row 28. */
    @Test
    void sessionsThatAreOverAreForgottenInTime() throws Exception {
        String id = running("sleep", "1000");
        var directory = Layout.below(home).containers().resolve(id);

        for (int i = 0; i < 80; i++) {
            ask(exec(id, "s" + i, "true"));
            awaitEvent("exec-exited", id);
        }
        ask(exec(id, "last", "true"));

        assertFault(FaultCode.NOT_FOUND, new ExecState(id, "s0"));
        try (var entries = Files.list(directory)) {
            assertThat(entries.count()).isLessThan(80);
        }
    }

    @Test
    void containersOutliveTheLauncher() throws Exception {
        String id = running("sleep", "1000");
        hosted.killLauncher();

        assertThat(status(id)).isEqualTo(Status.RUNNING);
        ask(exec(id, "still", "true"));
        awaitEvent("exec-exited", id);
        String late = newId();
        assertFault(FaultCode.UNAVAILABLE, request(late, Specs.of("true"), Stdio.DETACHED));
        hosted.startLauncher();
        create(late, "true");
        ask(new Delete(id, true));
    }
}
