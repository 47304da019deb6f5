package dev.gantry.namespace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;
import dev.gantry.bus.contract.cgroup.CgroupResult.Placement;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Create;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Delete;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Signal;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Start;
import dev.gantry.bus.contract.namespace.NamespaceOperation.State;
import dev.gantry.bus.contract.namespace.NamespaceOperation.Stdio;
import dev.gantry.bus.kit.Specs;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A signal for all reaches who has left the init's session and process group too. */
@RequiresRoot
class SignalAllIT extends HostedFixture {
    private static final Duration WITHIN = Duration.ofSeconds(20);

    /** The init and three others, each of which has a session of its own and notes signal 10. */
    private static final String FOUR =
            "for i in 1 2 3 4; do export i; [ $i = 4 ] && exec sh -c \"$NOTE\"; setsid sh -c"
                    + " \"$NOTE\" & done";

    private static final String NOTE =
            "trap 'touch /tmp/$i; [ $i = 4 ] || exit' USR1; touch /tmp/ready$i; while :; do sleep"
                    + " 0.05; done";

    private static final String NO_PID =
            "[{\"type\":\"mount\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]";

    private Path group;

    @BeforeEach
    void makeGroup() throws IOException {
        var unified = Path.of("/sys/fs/cgroup/cgroup.procs");
        var base =
                Files.exists(unified) ? Path.of("/sys/fs/cgroup") : Path.of("/sys/fs/cgroup/pids");
        group = base.resolve("gantry-all-" + ProcessHandle.current().pid());
        Files.createDirectories(group.resolve("below"));
    }

    @AfterEach
    void removeGroup() throws Exception {
        awaitEmpty(group.resolve("below"));
        awaitEmpty(group);
        Files.delete(group.resolve("below"));
        Files.delete(group);
    }

    private static void awaitEmpty(Path directory) throws Exception {
        var procs = directory.resolve("cgroup.procs");
        until(WITHIN, () -> Files.readString(procs).isEmpty(), procs + " is empty");
    }

    private Placement placement() {
        boolean two = group.getParent().equals(Path.of("/sys/fs/cgroup"));
        return new Placement(
                two ? Mode.V2 : Mode.V1,
                two ? Optional.of(group.toString()) : Optional.empty(),
                two ? List.of() : List.of(group.toString()),
                List.of());
    }

    private String start(String namespaces, Placement placement) throws Exception {
        String id = newId();
        Files.createDirectories(upper(id).resolve("tmp"));
        var spec =
                Specs.with(
                        Specs.of("env", "NOTE=" + NOTE, "sh", "-c", FOUR),
                        "namespaces",
                        namespaces);
        ask(
                new Create(
                        id,
                        spec,
                        rootfs(id),
                        placement,
                        Optional.empty(),
                        0,
                        Stdio.DETACHED,
                        false,
                        false));
        ask(new Start(id));
        for (int i = 1; i <= 4; i++) {
            await(upper(id).resolve("tmp/ready" + i));
        }
        return id;
    }

    private static void await(Path file) throws Exception {
        until(WITHIN, () -> Files.exists(file), file + " is there");
    }

    private void assertAllAreTold(String id) throws Exception {
        ask(new Signal(id, 10, true));
        for (int i = 1; i <= 4; i++) {
            await(upper(id).resolve("tmp/" + i));
        }
    }

    @Test
    void theyAreKnownByTheirCgroup() throws Exception {
        String id = start(NO_PID, placement());
        // the init is in a group below
        var init = Long.toString(ask(new State(id)).pid());
        Files.writeString(group.resolve("below/cgroup.procs"), init);

        assertAllAreTold(id);

        ask(new Delete(id, true));
    }

    @Test
    void theyAreKnownByTheirPidNamespace() throws Exception {
        var all = Json.mapper().valueToTree(Specs.of("x").namespaces()).toString();

        assertAllAreTold(start(all, null));
    }

    @Test
    void theyAreAllGoneWhenTheContainerIsDeletedThoughItHasNoPidNamespace() throws Exception {
        String id = start(NO_PID, placement());

        ask(new Delete(id, true));

        awaitEmpty(group);
        assertThat(upper(id).resolve("tmp/1")).doesNotExist();
    }

    @Test
    void withoutEitherItIsRefused() throws Exception {
        String id = newId();
        ask(
                request(
                        id,
                        Specs.with(Specs.of("sleep", "1000"), "namespaces", NO_PID),
                        Stdio.DETACHED));
        ask(new Start(id));

        assertThatThrownBy(() -> ask(new Signal(id, 10, true))).hasMessageContaining("EOPNOTSUPP");
    }
}
