package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.storage.References;
import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.invocation.Invocation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The caller's own logins to registries: what {@code docker login} and {@code podman login} have
 * written (containers-auth.json(5)), and the credential helpers that those files name. Read by the
 * command line as its user; a service is told of the one registry that it is to ask.
 */
final class Logins {
    private static final int MAX_FILE = 1 << 20;
    private static final List<String> DOCKER_IO =
            List.of(
                    "https://index.docker.io/v1/",
                    "index.docker.io",
                    "docker.io",
                    "registry-1.docker.io");

    private final Map<String, String> environment;
    private final String user;

    Logins(Map<String, String> environment, String user) {
        this.environment = environment;
        this.user = user;
    }

    /** Of the user who runs this command. */
    static Logins ofCaller() {
        return new Logins(Invocation.current().environment(), System.getProperty("user.name"));
    }

    /** The login to the registry of an image's name, if there is one. */
    Optional<RegistryLogin> of(String reference) {
        var registry = References.registry(reference);
        for (var file : files()) {
            if (Files.exists(file)) {
                var login = in(file, registry, reference);
                if (login.isPresent()) {
                    return login;
                }
            }
        }
        return Optional.empty();
    }

    private List<Path> files() {
        var named = environment.get("REGISTRY_AUTH_FILE");
        if (named != null && !named.isEmpty()) {
            var file = Invocation.current().path(named);
            if (!Files.exists(file)) {
                throw FaultException.of(
                        FaultCode.NOT_FOUND, "REGISTRY_AUTH_FILE %s: no such file", named);
            }
            return List.of(file);
        }
        var files = new ArrayList<Path>();
        var run = environment.get("XDG_RUNTIME_DIR");
        if (run != null && !run.isEmpty()) {
            files.add(Path.of(run, "containers/auth.json"));
        } else if ("root".equals(user)) {
            files.add(Path.of("/run/containers/0/auth.json"));
        }
        var home = environment.getOrDefault("HOME", System.getProperty("user.home"));
        files.add(
                Path.of(
                        environment.getOrDefault("XDG_CONFIG_HOME", home + "/.config"),
                        "containers/auth.json"));
        files.add(
                Path.of(
                        environment.getOrDefault("DOCKER_CONFIG", home + "/.docker"),
                        "config.json"));
        return files;
    }

    private Optional<RegistryLogin> in(Path file, String registry, String reference) {
        var json = read(file);
        var keys = registry.equals(References.DEFAULT_REGISTRY) ? DOCKER_IO : List.of(registry);
        for (var key : keys) {
            var helper = json.path("credHelpers").path(key).asText("");
            if (!helper.isEmpty()) {
                return new CredentialHelper(helper).get(key, registry);
            }
        }
        var store = json.path("credsStore").asText("");
        if (!store.isEmpty()) {
            for (var key : keys) {
                var login = new CredentialHelper(store).get(key, registry);
                if (login.isPresent()) {
                    return login;
                }
            }
        }
        return inAuths(file, json.path("auths"), keys, registry, reference);
    }

    private static JsonNode read(Path file) {
        try {
            if (Files.size(file) > MAX_FILE) {
                throw FaultException.invalid("%s has more than %d bytes", file, MAX_FILE);
            }
            return Json.mapper().readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            // The parser's own words quote the text, in which there are secrets.
            throw FaultException.invalid(
                    "%s is not JSON, at line %d column %d",
                    file,
                    e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                    e.getLocation() == null ? 0 : e.getLocation().getColumnNr());
        } catch (IOException e) {
            throw FaultException.of(FaultCode.PERMISSION_DENIED, "%s: %s", file, e);
        }
    }

    /** The entry of the longest prefix of the name, as containers-auth.json(5) has it. */
    private static Optional<RegistryLogin> inAuths(
            Path file, JsonNode auths, List<String> keys, String registry, String reference) {
        var names = new ArrayList<String>();
        if (reference.startsWith(registry + "/")) {
            var name = reference.replaceFirst("@.*$", "").replaceFirst(":[^/:]*$", "");
            for (; name.contains("/"); name = name.substring(0, name.lastIndexOf('/'))) {
                names.add(name);
            }
        }
        names.addAll(keys);
        for (var name : names) {
            for (var entry : auths.properties()) {
                if (entry.getKey().equals(name) || host(entry.getKey()).equals(name)) {
                    var login = decode(file, entry.getKey(), entry.getValue(), registry);
                    if (login.isPresent()) {
                        return login;
                    }
                }
            }
        }
        return Optional.empty();
    }

    /** Older files name registries by URL. */
    private static String host(String key) {
        boolean url = key.startsWith("https://") || key.startsWith("http://");
        return url ? key.replaceFirst("^https?://", "").replaceFirst("/.*$", "") : key;
    }

    private static Optional<RegistryLogin> decode(
            Path file, String key, JsonNode entry, String registry) {
        var token = entry.path("identitytoken").asText("");
        var auth = entry.path("auth").asText("");
        var user = entry.path("username").asText("");
        var password = entry.path("password").asText("");
        if (!auth.isEmpty()) {
            String decoded;
            try {
                decoded = new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                throw FaultException.invalid("%s: auth of %s is not base64", file, key);
            }
            int colon = decoded.indexOf(':');
            if (colon < 1) {
                throw FaultException.invalid("%s: auth of %s is not user:password", file, key);
            }
            user = decoded.substring(0, colon);
            // Some tools pad it.
            password = decoded.substring(colon + 1).replaceFirst("\0+$", "");
        }
        return user.isEmpty() && token.isEmpty()
                ? Optional.empty()
                : Optional.of(new RegistryLogin(registry, user, password, token));
    }
}
