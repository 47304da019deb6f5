package dev.gantry.orchestrator.supervisor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Optional;

/** Asks the supervisor. */
public final class SupervisorClient {
    private final Layout layout;

    /** Of the instance at {@code layout}; nothing is connected yet. */
    public SupervisorClient(Layout layout) {
        this.layout = layout;
    }

    /** An empty request to fill in. */
    public static ObjectNode request(String what) {
        return Json.mapper().createObjectNode().put("do", what);
    }

    /** The answer, or empty if no supervisor runs. A refusal is a FaultException. */
    public Optional<JsonNode> ask(ObjectNode request) {
        var path = ControlServer.socket(layout);
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        try (var channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            var line = Json.mapper().writeValueAsString(request) + "\n";
            Channels.newOutputStream(channel).write(line.getBytes(StandardCharsets.UTF_8));
            channel.shutdownOutput();
            var answer = Channels.newInputStream(channel).readAllBytes();
            if (answer.length == 0) {
                return Optional.empty();
            }
            var reply = Json.mapper().readTree(answer);
            if (reply.has("fault")) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION, "%s", reply.path("fault").asText());
            }
            return Optional.of(reply.path("ok"));
        } catch (java.net.ConnectException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "the supervisor at %s does not answer: %s", path, e);
        }
    }
}
