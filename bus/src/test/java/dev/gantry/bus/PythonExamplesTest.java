package dev.gantry.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.testing.TestBroker;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The wire as another language speaks it: the programs under {@code bus/examples}. */
@Timeout(60)
final class PythonExamplesTest {
    private static final Path EXAMPLES = Path.of("examples").toAbsolutePath();

    @TempDir private Path directory;
    private TestBroker broker;
    private Bus bus;

    @BeforeEach
    void connect() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")) || pythonOnPath(), "python3");
        broker = TestBroker.in(directory);
        bus = broker.connect();
    }

    @AfterEach
    void close() {
        if (broker != null) {
            bus.close();
            broker.close();
        }
    }

    @Test
    void eventsPyPrintsEvents() throws Exception {
        var program = start("events.py", "--count", "2", "events.cgroup.*");
        var errors = program.errorReader(StandardCharsets.UTF_8);
        assertThat(errors.readLine()).isEqualTo("subscribed to events.cgroup.*");

        bus.publish("events.cgroup.oom", JsonNodeFactory.instance.objectNode().put("id", "ü1"));
        bus.publish("events.network.attached", JsonNodeFactory.instance.objectNode());
        bus.publish("events.cgroup.oom", JsonNodeFactory.instance.objectNode().put("id", "c2"));

        var lines = program.inputReader(StandardCharsets.UTF_8).lines().toList();
        assertThat(program.waitFor()).isZero();
        assertThat(lines).hasSize(2);
        var first = Json.mapper().readTree(lines.getFirst());
        assertThat(first.get("topic").asText()).isEqualTo("events.cgroup.oom");
        assertThat(first.get("sender").asText()).isEqualTo("test");
        assertThat(first.get("body").get("id").asText()).isEqualTo("ü1");
    }

    @Test
    void runPyRunsAContainerAndPassesItsOutputAndExitCodeOn() throws Exception {
        var requests = new ArrayList<ContainerOperation<?>>();
        bus.serve(ContainerOperation.CONTRACT, request -> engine(request.operation(), requests));

        var program = start("run.py", "--rm", "host-shell", "echo", "hello");

        assertThat(program.inputReader(StandardCharsets.UTF_8).lines()).containsExactly("hello");
        assertThat(program.waitFor()).isEqualTo(7);
        assertThat(requests.getLast()).isEqualTo(new ContainerOperation.Remove("c1", true));
        assertThat(((ContainerOperation.Run) requests.getFirst()).spec().command())
                .containsExactly("echo", "hello");
    }

    @Test
    void runPySaysWhyInOneLine() throws Exception {
        bus.serve(
                ContainerOperation.CONTRACT,
                request -> {
                    throw FaultException.of(FaultCode.NOT_FOUND, "no such image: nope");
                });

        var program = start("run.py", "nope");

        assertThat(program.errorReader(StandardCharsets.UTF_8).lines())
                .containsExactly("run.py: no such image: nope");
        assertThat(program.waitFor()).isEqualTo(1);
    }

    @Test
    void aPythonServiceAnswersAndIsDisplaced() throws Exception {
        var script =
                """
                import sys; sys.path.insert(0, sys.argv[2])
                from gantry_bus import Bus, Fault
                def handle(operation, headers):
                    if operation["operation"] == "freeze":
                        return {"steps": []}
                    raise Fault("UNSUPPORTED", "python cannot " + operation["operation"])
                Bus(sys.argv[1]).serve({"cgroup.v1": handle}, lambda: print("ready", flush=True))
                """;
        var program =
                new ProcessBuilder(
                                "python3",
                                "-c",
                                script,
                                broker.socket().toString(),
                                EXAMPLES.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        assertThat(program.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("ready");

        var done = call(new CgroupOperation.Freeze("c1"));
        var refused = call(new CgroupOperation.Thaw("c1"));
        bus.serve(CgroupOperation.CONTRACT, request -> Done.nothing());

        assertThat(done).isEqualTo(new Reply.Ok<>(Done.nothing()));
        assertThat(refused).isInstanceOf(Reply.Failed.class);
        assertThat(((Reply.Failed<?>) refused).fault().message()).isEqualTo("python cannot thaw");
        assertThat(program.waitFor()).isZero();
    }

    private static Object engine(
            ContainerOperation<?> operation, List<ContainerOperation<?>> requests) {
        requests.add(operation);
        return switch (operation) {
            case ContainerOperation.Run run ->
                    new ContainerResult.Created(
                            "c1", "name", Optional.empty(), 1, false, "", List.of());
            case ContainerOperation.Wait wait -> new ContainerResult.Exit(true, 7, false, "exited");
            case ContainerOperation.Logs logs ->
                    new ContainerResult.LogChunk(
                            List.of(new ContainerResult.LogLine(1, "stdout", false, "hello")),
                            "1",
                            true);
            case ContainerOperation.Remove remove -> Done.nothing();
            default -> throw new IllegalStateException(operation.toString());
        };
    }

    private Reply<Done> call(CgroupOperation<Done> operation) {
        return bus.call(CgroupOperation.CONTRACT, operation, CallOptions.DEFAULT).join();
    }

    private Process start(String program, String... arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add("python3");
        command.add(EXAMPLES.resolve(program).toString());
        command.add("--bus");
        command.add(broker.socket().toString());
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        builder.environment().put("PYTHONIOENCODING", "utf-8");
        return builder.start();
    }

    private static boolean pythonOnPath() {
        try {
            return new ProcessBuilder("python3", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
