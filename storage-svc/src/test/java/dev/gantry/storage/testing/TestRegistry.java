package dev.gantry.storage.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;

import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Digests;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

import javax.net.ssl.SSLContext;

/** A registry on loopback that serves what a test gives it, and lies where the test says so. */
public final class TestRegistry implements AutoCloseable {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    private record Document(String mediaType, byte[] bytes) {}

    /** A request as it came. */
    public record Seen(String method, String path, Optional<String> authorization, String range) {}

    /** Answers a request, or leaves it to the registry by returning false. */
    public interface Hook {
        /** Whether it has answered. */
        boolean answer(HttpExchange exchange, TestRegistry registry) throws IOException;
    }

    private final HttpServer server;
    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final Map<String, Document> documents = new ConcurrentHashMap<>();
    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private volatile Hook hook = (exchange, registry) -> false;

    private TestRegistry(HttpServer server) {
        this.server = server;
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    /** Without TLS. */
    public static TestRegistry plain() throws IOException {
        return new TestRegistry(
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    }

    /** With TLS. */
    public static TestRegistry tls(SSLContext context) throws IOException {
        var server =
                HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        return new TestRegistry(server);
    }

    /** Host and port. */
    public String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    /** Serves the image of a layout under a tag. */
    public TestRegistry serve(Path layout, String tag) throws IOException {
        var index = Json.mapper().readTree(layout.resolve("index.json").toFile());
        var digest = index.path("manifests").get(0).path("digest").asText();
        try (var files = Files.list(layout.resolve("blobs/sha256"))) {
            for (var file : (Iterable<Path>) files::iterator) {
                blobs.put("sha256:" + file.getFileName(), Files.readAllBytes(file));
            }
        }
        document(tag, MANIFEST, blobs.get(digest));
        return this;
    }

    /** Serves a document under a tag and under its digest. */
    public String document(String tag, String mediaType, byte[] bytes) {
        var digest = Digests.of(bytes);
        documents.put(tag, new Document(mediaType, bytes));
        documents.put(digest, new Document(mediaType, bytes));
        return digest;
    }

    /** What was served under a tag. */
    public byte[] document(String tag) {
        return documents.get(tag).bytes();
    }

    /** Takes a blob away. */
    public void forget(String digest) {
        blobs.remove(digest);
    }

    /** A blob's bytes. */
    public byte[] blob(String digest) {
        return blobs.get(digest);
    }

    /** Asks this first, for each request. */
    public void hook(Hook first) {
        hook = first;
    }

    /** All requests so far. */
    public List<Seen> seen() {
        return seen;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var path = exchange.getRequestURI().getPath();
            seen.add(
                    new Seen(
                            exchange.getRequestMethod(),
                            path,
                            Optional.ofNullable(
                                    exchange.getRequestHeaders().getFirst("Authorization")),
                            String.valueOf(exchange.getRequestHeaders().getFirst("Range"))));
            if (!hook.answer(exchange, this)) {
                answer(exchange, path);
            }
        }
    }

    private void answer(HttpExchange exchange, String path) throws IOException {
        var last = path.substring(path.lastIndexOf('/') + 1);
        if (path.contains("/manifests/") && documents.containsKey(last)) {
            var document = documents.get(last);
            exchange.getResponseHeaders().set("Content-Type", document.mediaType());
            send(exchange, 200, document.bytes());
        } else if (path.contains("/blobs/") && blobs.containsKey(last)) {
            blob(exchange, blobs.get(last));
        } else {
            send(exchange, 404, "{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}".getBytes());
        }
    }

    private static void blob(HttpExchange exchange, byte[] bytes) throws IOException {
        var range = exchange.getRequestHeaders().getFirst("Range");
        if (range == null) {
            send(exchange, 200, bytes);
            return;
        }
        int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
        exchange.getResponseHeaders()
                .set(
                        "Content-Range",
                        "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
        send(exchange, 206, java.util.Arrays.copyOfRange(bytes, from, bytes.length));
    }

    /** Answers with a body. */
    public static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
