package dev.gantry.storage.registry;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Answers the challenges of one server, and of no other (security.md row 23): by the user's name
 * and password, or by a token that the server's token service gives for them (distribution's "Token
 * Authentication Specification").
 */
final class Login {
    private static final int MAX_TOKEN_ANSWER = 1 << 20;

    private final Http http;
    private final URI origin;
    private final Optional<RegistryLogin> login;
    private final Map<Set<String>, String> headers = new ConcurrentHashMap<>();

    /**
     * @param login for this origin; empty: as anybody
     */
    Login(Http http, URI origin, Optional<RegistryLogin> login) {
        this.http = http;
        this.origin = origin;
        this.login = login;
    }

    /**
     * What a request brings along, if it goes to the origin and a challenge was answered before.
     */
    Optional<String> header(URI to, Set<String> scopes) {
        return Http.sameOrigin(origin, to)
                ? Optional.ofNullable(headers.get(scopes))
                : Optional.empty();
    }

    /** Answers a 401 of the origin; false if there is nothing more to answer with. */
    boolean answer(Http.Answer refusal, Set<String> scopes, Optional<String> brought)
            throws IOException {
        var challenge =
                Challenge.of(refusal.headers().allValues("WWW-Authenticate"))
                        .orElseThrow(
                                () ->
                                        FaultException.of(
                                                FaultCode.PERMISSION_DENIED,
                                                "%s: 401 without a challenge that is known",
                                                Http.place(refusal.uri())));
        var header =
                challenge.scheme().equals("basic")
                        ? basic()
                        : Optional.of("Bearer " + token(challenge, scopes));
        if (header.isEmpty() || header.equals(brought)) {
            return false;
        }
        headers.put(scopes, header.get());
        return true;
    }

    private Optional<String> basic() {
        return login.filter(known -> !known.username().isEmpty())
                .map(
                        known ->
                                "Basic "
                                        + Base64.getEncoder()
                                                .encodeToString(
                                                        (known.username() + ":" + known.password())
                                                                .getBytes(StandardCharsets.UTF_8)));
    }

    private String token(Challenge challenge, Set<String> scopes) throws IOException {
        var realm = realm(challenge);
        var all = new TreeSet<>(scopes);
        for (var scope : challenge.get("scope").orElse("").split(" ")) {
            var name = scope.substring(0, scope.lastIndexOf(':') + 1);
            if (!name.isEmpty() && scopes.stream().noneMatch(known -> known.startsWith(name))) {
                all.add(scope);
            }
        }
        var identity = login.map(RegistryLogin::identityToken).orElse("");
        HttpRequest.Builder request;
        if (identity.isEmpty()) {
            var query = new ArrayList<String>();
            challenge.get("service").ifPresent(s -> query.add("service=" + encoded(s)));
            all.forEach(scope -> query.add("scope=" + encoded(scope)));
            login.ifPresent(l -> query.add("account=" + encoded(l.username())));
            var separator = realm.getRawQuery() == null ? "?" : "&";
            request =
                    HttpRequest.newBuilder(URI.create(realm + separator + String.join("&", query)));
            basic().ifPresent(header -> request.header("Authorization", header));
        } else {
            var form =
                    "grant_type=refresh_token&client_id=gantry&service="
                            + encoded(challenge.get("service").orElse(""))
                            + "&scope="
                            + encoded(String.join(" ", all))
                            + "&refresh_token="
                            + encoded(identity);
            request =
                    HttpRequest.newBuilder(realm)
                            .header("Content-Type", "application/x-www-form-urlencoded")
                            .POST(HttpRequest.BodyPublishers.ofString(form));
        }
        try (var answer = http.send(request)) {
            if (answer.status() != 200) {
                throw FaultException.of(
                        answer.status() == 401 || answer.status() == 403
                                ? FaultCode.PERMISSION_DENIED
                                : FaultCode.UNAVAILABLE,
                        "token of %s: %d%s",
                        Http.place(realm),
                        answer.status(),
                        login.isEmpty() ? ", without a login" : "");
            }
            return token(answer);
        }
    }

    private static String token(Http.Answer answer) throws IOException {
        JsonNode json;
        try {
            json = Json.mapper().readTree(answer.bytes(MAX_TOKEN_ANSWER));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw FaultException.of(
                    FaultCode.UNAVAILABLE,
                    "token of %s: %s",
                    Http.place(answer.uri()),
                    e.getOriginalMessage());
        }
        for (var name : List.of("token", "access_token")) {
            var token = json.path(name).asText("");
            if (token.matches("[\\x21-\\x7e]+")) {
                return token;
            }
        }
        throw FaultException.of(
                FaultCode.UNAVAILABLE, "token of %s: none in the answer", Http.place(answer.uri()));
    }

    /** The token service: with TLS, unless the registry itself is configured to have none. */
    private URI realm(Challenge challenge) {
        var given = challenge.get("realm").orElse("");
        try {
            var realm = URI.create(given);
            boolean safe = "https".equals(realm.getScheme());
            boolean allowed = origin.getScheme().equals("http") && "http".equals(realm.getScheme());
            if ((safe || allowed) && realm.getHost() != null && realm.getUserInfo() == null) {
                return realm;
            }
        } catch (IllegalArgumentException e) {
            // Said below.
        }
        throw FaultException.of(
                FaultCode.PERMISSION_DENIED,
                "%s wants a token of %s, which is no https URL",
                Http.place(origin),
                dev.gantry.bus.contract.Names.quote(given));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
