package dev.gantry.orchestrator.supervisor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.fault.Quote;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Answers root, on a path socket of mode 0600: one JSON line a request ({@code {"do":"list"}}), one
 * line a reply ({@code {"ok":…}} or {@code {"fault":…}}).
 */
final class ControlServer implements AutoCloseable {
    private static final int LONGEST = 64 << 10;
    private static final Duration ANSWER = Duration.ofSeconds(10);
    // To end a successor that was not ready, and to ask the bus who serves.
    private static final Duration AFTERMATH = Duration.ofSeconds(60);

    private final Path path;
    private final ServerSocketChannel server;
    private final Supervisor supervisor;

    static Path socket(Layout layout) {
        return layout.run("supervisor").resolve("control.sock");
    }

    ControlServer(Layout layout, Supervisor supervisor) throws IOException {
        this.supervisor = supervisor;
        path = socket(layout);
        Files.deleteIfExists(path);
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    }

    void serve() {
        Thread.ofVirtual()
                .start(
                        () -> {
                            while (server.isOpen()) {
                                try {
                                    var client = server.accept();
                                    Thread.ofVirtual().start(() -> answer(client));
                                } catch (ClosedChannelException e) {
                                    return;
                                } catch (IOException e) {
                                    supervisor.log("accept on " + path + ": " + e);
                                    return;
                                }
                            }
                        });
    }

    private void answer(SocketChannel client) {
        try (client;
                var in = Channels.newInputStream(client)) {
            var line = new java.io.ByteArrayOutputStream();
            for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
                if (line.size() >= LONGEST) {
                    return;
                }
                line.write(b);
            }
            var reply = Json.mapper().createObjectNode();
            try {
                reply.set("ok", perform(Json.mapper().readTree(line.toByteArray())));
            } catch (FaultException e) {
                reply.put("fault", e.getMessage());
            } catch (TimeoutException e) {
                reply.put("fault", "the services did not come so far in time");
            }
            Channels.newOutputStream(client)
                    .write((Json.mapper().writeValueAsString(reply) + "\n").getBytes("UTF-8"));
        } catch (IOException e) {
            supervisor.log("control: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            supervisor.log("control: " + e.getCause());
        }
    }

    private JsonNode perform(JsonNode request)
            throws InterruptedException, ExecutionException, TimeoutException {
        var name = request.path("service").asText();
        return switch (request.path("do").asText()) {
            case "ready" -> {
                await(inside(supervisor::ready))
                        .get(request.path("seconds").asInt(60), TimeUnit.SECONDS);
                yield Json.mapper().createObjectNode();
            }
            case "list" -> await(inside(this::list));
            case "restart" ->
                    await(
                            inside(
                                    () -> {
                                        supervisor.child(name).restart();
                                        return Json.mapper().createObjectNode();
                                    }));
            case "replace" -> {
                var within = Duration.ofSeconds(request.path("seconds").asInt(60));
                await(
                        await(inside(() -> replace(name, request.path("command"), within))),
                        within.plus(AFTERMATH));
                yield Json.mapper().createObjectNode();
            }
            case "down" ->
                    await(
                            inside(
                                    () -> {
                                        supervisor.stop();
                                        return Json.mapper()
                                                .createObjectNode()
                                                .put("pid", ProcessHandle.current().pid());
                                    }));
            default ->
                    throw FaultException.invalid(
                            "the supervisor does not know %s", request.path("do"));
        };
    }

    private CompletableFuture<Void> replace(String name, JsonNode words, Duration within) {
        var child = supervisor.replaceable(name);
        var command = new ArrayList<String>();
        words.forEach(word -> command.add(word.asText()));
        if (command.isEmpty()) {
            command.addAll(
                    ServiceTable.command(child.service(), supervisor.home(), supervisor.layout()));
        }
        if (!Path.of(command.getFirst()).isAbsolute()) {
            throw FaultException.invalid(
                    "the command %s is not an absolute path", Quote.of(command.getFirst()));
        }
        return child.replace(List.copyOf(command), within);
    }

    private ObjectNode list() {
        var all = Json.mapper().createObjectNode();
        supervisor
                .children()
                .forEach(
                        (name, child) ->
                                all.putObject(name)
                                        .put("state", child.state().name().toLowerCase())
                                        .put("pid", child.pid())
                                        .put("uid", child.service().uid())
                                        .put(
                                                "capabilities",
                                                String.join(",", child.service().capabilities()))
                                        .put("restarts", child.restarts())
                                        .put("lastEnd", child.lastEnd())
                                        .put("command", String.join(" ", child.command())));
        return all;
    }

    /** Runs a question on the supervisor's thread. */
    private <T> CompletableFuture<T> inside(java.util.function.Supplier<T> question) {
        var answer = new CompletableFuture<T>();
        supervisor.later(
                () -> {
                    try {
                        answer.complete(question.get());
                    } catch (RuntimeException e) {
                        answer.completeExceptionally(e);
                    }
                });
        return answer;
    }

    private static <T> T await(CompletableFuture<T> answer)
            throws InterruptedException, TimeoutException {
        return await(answer, ANSWER);
    }

    private static <T> T await(CompletableFuture<T> answer, Duration patience)
            throws InterruptedException, TimeoutException {
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof FaultException fault) {
                throw fault;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
