package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A program {@code docker-credential-NAME} of the caller's, which keeps logins (the protocol of
 * docker-credential-helpers: {@code get}, the server on standard input, JSON on standard output).
 */
record CredentialHelper(String name) {
    private static final long PATIENCE_SECONDS = 30;
    private static final int MAX_ANSWER = 64 * 1024;

    /** The user name that says that the secret is an identity token. */
    private static final String TOKEN = "<token>";

    /** The name becomes part of a program's name, and must be no path. */
    CredentialHelper {
        Names.check("credential helper", name);
    }

    Optional<RegistryLogin> get(String server, String registry) {
        var program = "docker-credential-" + name;
        try {
            var process = start(program);
            try (var stdin = process.getOutputStream()) {
                stdin.write(server.getBytes(StandardCharsets.UTF_8));
            }
            var answer = CompletableFuture.supplyAsync(() -> read(process.getInputStream()));
            var said = CompletableFuture.supplyAsync(() -> read(process.getErrorStream()));
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw FaultException.of(
                        FaultCode.UNAVAILABLE,
                        "%s get: no end after %d s",
                        program,
                        PATIENCE_SECONDS);
            }
            Invocation.current().err().writeBytes(said.join());
            return understand(program, server, process.exitValue(), answer.join(), registry);
        } catch (IOException e) {
            throw FaultException.of(FaultCode.NOT_FOUND, "%s get: %s", program, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FaultException.of(FaultCode.UNAVAILABLE, "%s get: interrupted", program);
        }
    }

    /** As the caller would: by its PATH, in its directory and with its environment. */
    private static Process start(String program) throws IOException {
        var caller = Invocation.current();
        for (var directory : caller.environment("PATH").orElse("").split(":")) {
            var file = caller.path(directory).resolve(program);
            if (Files.isExecutable(file)) {
                var builder = new ProcessBuilder(file.toString(), "get");
                builder.directory(caller.directory().toFile());
                builder.environment().clear();
                builder.environment().putAll(caller.environment());
                return builder.start();
            }
        }
        throw new IOException("no such program in PATH");
    }

    private static byte[] read(InputStream stream) {
        try (var out = stream) {
            return out.readNBytes(MAX_ANSWER);
        } catch (IOException e) {
            return new byte[0];
        }
    }

    private static Optional<RegistryLogin> understand(
            String program, String server, int code, byte[] answer, String registry)
            throws IOException {
        if (code != 0) {
            var said = new String(answer, StandardCharsets.UTF_8).strip();
            if (said.contains("credentials not found")) {
                return Optional.empty();
            }
            throw FaultException.of(
                    FaultCode.PERMISSION_DENIED,
                    "%s get %s: exit code %d: %s",
                    program,
                    server,
                    code,
                    Names.quote(said));
        }
        JsonNode json;
        try {
            json = Json.mapper().readTree(answer);
        } catch (JsonProcessingException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE, "%s get %s: its answer is not JSON", program, server);
        }
        var user = json.path("Username").asText("");
        var secret = json.path("Secret").asText("");
        if (user.isEmpty() || secret.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                user.equals(TOKEN)
                        ? new RegistryLogin(registry, "", "", secret)
                        : new RegistryLogin(registry, user, secret, ""));
    }
}
