package dev.gantry.storage.registry;

import com.fasterxml.jackson.core.JsonProcessingException;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.content.Manifest;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/** One repository at one place, by the distribution specification (version 1.1). */
final class Repository {
    private static final int MOST_REDIRECTS = 5;
    private static final int MAX_ERROR = 16 * 1024;

    private final Http http;
    private final Registries.Endpoint endpoint;
    private final Login login;
    private final Set<String> scopes;

    /**
     * @param scopes what a token has to allow, for example {@code repository:library/x:pull}
     */
    Repository(
            Http http,
            Registries.Endpoint endpoint,
            Optional<RegistryLogin> login,
            Set<String> scopes) {
        this.http = http;
        this.endpoint = endpoint;
        this.login = new Login(http, endpoint.base(), endpoint.mirror() ? Optional.empty() : login);
        this.scopes = scopes;
    }

    /** A manifest or index as it was sent; its digest is that of its bytes. */
    record Document(byte[] bytes, String mediaType, String digest) {}

    /** A document by tag or digest; one that is asked for by digest is what it says. */
    Document manifest(String tagOrDigest) throws IOException {
        var uri = endpoint.at("manifests/" + tagOrDigest);
        try (var answer = get(uri, 0, String.join(", ", Manifest.MEDIA_TYPES))) {
            require(answer, "manifest", 200);
            var bytes = answer.bytes(Manifest.MAX_DOCUMENT);
            var digest = Digests.of(bytes);
            var claimed =
                    tagOrDigest.startsWith("sha256:")
                            ? Optional.of(tagOrDigest)
                            : answer.headers()
                                    .firstValue("Docker-Content-Digest")
                                    .filter(value -> value.startsWith("sha256:"));
            if (claimed.isPresent() && !claimed.get().equals(digest)) {
                throw FaultException.invalid(
                        "%s is %s, not %s", Http.place(uri), digest, Names.quote(claimed.get()));
            }
            var type = answer.headers().firstValue("Content-Type").orElse("").split(";")[0].strip();
            if (!Manifest.MEDIA_TYPES.contains(type)) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "%s: a document of media type %s",
                        Http.place(uri),
                        Names.quote(type));
            }
            return new Document(bytes, type, digest);
        }
    }

    /** A blob from a byte on. The answer is 206 from there, or 200 from the beginning. */
    Http.Answer blob(String digest, long from) throws IOException {
        var answer = get(endpoint.at("blobs/" + digest), from, "*/*");
        require(answer, "blob", 200, 206);
        return answer;
    }

    /** Whether a blob is there. */
    boolean hasBlob(String digest) throws IOException {
        var request =
                HttpRequest.newBuilder(endpoint.at("blobs/" + digest))
                        .method("HEAD", BodyPublishers.noBody());
        try (var answer = followed(request)) {
            if (answer.status() == 404) {
                return false;
            }
            require(answer, "blob", 200);
            return true;
        }
    }

    /** Where a blob is to be uploaded; empty if it was mounted from another repository. */
    Optional<URI> beginUpload(String digest, Optional<String> mountFrom) throws IOException {
        var query = mountFrom.map(from -> "?mount=" + digest + "&from=" + from).orElse("");
        var request =
                HttpRequest.newBuilder(endpoint.at("blobs/uploads/" + query))
                        .POST(BodyPublishers.noBody());
        try (var answer = authorized(request)) {
            require(answer, "upload", 201, 202);
            return answer.status() == 201 ? Optional.empty() : Optional.of(Http.location(answer));
        }
    }

    /** Uploads a whole blob to where {@link #beginUpload} said. */
    void upload(URI to, String digest, BodyPublisher body) throws IOException {
        var separator = to.getRawQuery() == null ? "?" : "&";
        var request =
                HttpRequest.newBuilder(URI.create(to + separator + "digest=" + digest))
                        .header("Content-Type", "application/octet-stream")
                        .PUT(body);
        try (var answer = authorized(request)) {
            require(answer, "upload", 201);
        }
    }

    /** Puts a manifest under a tag: it is the image's last part. */
    void putManifest(String tag, String mediaType, byte[] bytes) throws IOException {
        var request =
                HttpRequest.newBuilder(endpoint.at("manifests/" + tag))
                        .header("Content-Type", mediaType)
                        .PUT(BodyPublishers.ofByteArray(bytes));
        try (var answer = authorized(request)) {
            require(answer, "manifest", 201);
        }
    }

    /** Where it is, for messages. */
    String place() {
        return Http.place(endpoint.at(""));
    }

    private Http.Answer get(URI uri, long from, String accept) throws IOException {
        var request = HttpRequest.newBuilder(uri).header("Accept", accept).GET();
        if (from > 0) {
            request.header("Range", "bytes=" + from + "-");
        }
        return followed(request);
    }

    private Http.Answer followed(HttpRequest.Builder request) throws IOException {
        var answer = authorized(request);
        for (int hops = 0; answer.status() / 100 == 3; hops++) {
            try (var redirect = answer) {
                if (hops == MOST_REDIRECTS) {
                    throw FaultException.of(
                            FaultCode.UNAVAILABLE,
                            "%s: more than %d redirects",
                            Http.place(redirect.uri()),
                            MOST_REDIRECTS);
                }
                request.uri(Http.location(redirect));
            }
            answer = authorized(request);
        }
        return answer;
    }

    /** Sends with what the origin was answered before; a 401 of the origin is answered once. */
    private Http.Answer authorized(HttpRequest.Builder request) throws IOException {
        var to = request.copy().build().uri();
        for (boolean again = false; ; again = true) {
            var brought = login.header(to, scopes);
            var attempt = request.copy();
            brought.ifPresent(header -> attempt.header("Authorization", header));
            var answer = http.send(attempt);
            if (answer.status() != 401 || again || !Http.sameOrigin(endpoint.base(), to)) {
                return answer;
            }
            boolean answered = false;
            try {
                answered = login.answer(answer, scopes, brought);
            } finally {
                if (answered) {
                    answer.close();
                }
            }
            if (!answered) {
                return answer;
            }
        }
    }

    /** An answer that is worth a repetition. */
    static final class Busy extends IOException {
        private static final long serialVersionUID = 1L;
        private final transient Optional<Duration> pause;

        Busy(String message, Optional<Duration> pause) {
            super(message);
            this.pause = pause;
        }

        Optional<Duration> pause() {
            return pause;
        }
    }

    private void require(Http.Answer answer, String what, int... expected) throws IOException {
        for (int status : expected) {
            if (answer.status() == status) {
                return;
            }
        }
        try (answer) {
            var said =
                    "%s: %d%s".formatted(Http.place(answer.uri()), answer.status(), said(answer));
            if (answer.status() == 429 || answer.status() >= 500 && answer.status() != 501) {
                throw new Busy(said, retryAfter(answer));
            }
            var code =
                    switch (answer.status()) {
                        case 401, 403 -> FaultCode.PERMISSION_DENIED;
                        case 404 -> FaultCode.NOT_FOUND;
                        default -> FaultCode.UNAVAILABLE;
                    };
            throw FaultException.of(code, "%s %s", what, said);
        }
    }

    private static Optional<Duration> retryAfter(Http.Answer answer) {
        return answer.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("[0-9]{1,6}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)));
    }

    /** What the registry says for itself ("errors" of the specification), cut short. */
    private static String said(Http.Answer answer) throws IOException {
        var text = new StringBuilder();
        try {
            var bytes = answer.body().readNBytes(MAX_ERROR);
            for (var error : Json.mapper().readTree(bytes).path("errors")) {
                var code = error.path("code").asText("");
                var message = error.path("message").asText("");
                text.append(text.isEmpty() ? " " : "; ");
                text.append(Names.quote(message.isEmpty() ? code : message));
            }
        } catch (JsonProcessingException e) {
            return "";
        }
        return text.toString();
    }
}
