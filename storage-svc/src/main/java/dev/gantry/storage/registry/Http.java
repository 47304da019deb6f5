package dev.gantry.storage.registry;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.transfer.Running;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * HTTP for one transfer: the JDK's client, one for each set of believed certificates. Redirects are
 * not followed here, nothing is remembered, no body is waited for longer than it may stall.
 */
final class Http implements AutoCloseable {
    private final Registries registries;
    private final Patience patience;
    private final Running running;
    private final Map<Trust, HttpClient> clients = new HashMap<>();
    private final Set<Body> bodies = ConcurrentHashMap.newKeySet();
    private final Thread watch;

    Http(Registries registries, Patience patience, Running running) {
        this.registries = registries;
        this.patience = patience;
        this.running = running;
        this.watch = Thread.ofVirtual().name("registry-stalls").start(this::watch);
    }

    Patience patience() {
        return patience;
    }

    Running running() {
        return running;
    }

    private synchronized HttpClient client(URI uri) {
        return clients.computeIfAbsent(
                Trust.of(registries.of(uri.getRawAuthority())),
                trust -> {
                    var builder =
                            HttpClient.newBuilder()
                                    .version(HttpClient.Version.HTTP_1_1)
                                    .followRedirects(HttpClient.Redirect.NEVER)
                                    .connectTimeout(patience.connect());
                    if (uri.getScheme().equals("https")) {
                        builder.sslContext(trust.context());
                    }
                    return builder.build();
                });
    }

    /** An answer; who asked closes its body. */
    record Answer(URI uri, int status, java.net.http.HttpHeaders headers, InputStream body)
            implements AutoCloseable {
        @Override
        public void close() throws IOException {
            body.close();
        }

        /** At most so many bytes of the body. */
        byte[] bytes(int most) throws IOException {
            var bytes = body.readNBytes(most + 1);
            if (bytes.length > most) {
                throw FaultException.invalid("%s: more than %d bytes", place(uri), most);
            }
            return bytes;
        }
    }

    /** Asks once. */
    Answer send(HttpRequest.Builder builder) throws IOException {
        running.check();
        var request = builder.timeout(patience.answer()).header("User-Agent", "gantry").build();
        var answer =
                client(request.uri()).sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
        AutoCloseable abort = () -> answer.cancel(true);
        running.closing(abort);
        try {
            var response = answer.get();
            var body = new Body(response.body());
            bodies.add(body);
            running.closing(body);
            return new Answer(request.uri(), response.statusCode(), response.headers(), body);
        } catch (java.util.concurrent.ExecutionException e) {
            throw failed(request, e.getCause());
        } catch (java.util.concurrent.CancellationException e) {
            running.check();
            throw new IOException(place(request.uri()) + ": cancelled", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(place(request.uri()) + ": interrupted", e);
        } finally {
            running.closed(abort);
        }
    }

    private IOException failed(HttpRequest request, Throwable cause) {
        running.check();
        return new IOException(
                "%s %s: %s"
                        .formatted(
                                request.method(),
                                place(request.uri()),
                                cause.getMessage() == null ? cause : cause.getMessage()),
                cause);
    }

    /** A URL without its query, in which storage servers have signatures. */
    static String place(URI uri) {
        return uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
    }

    /** Whether two URLs are of one server (RFC 6454): a login is for one. */
    static boolean sameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
    }

    /** Where an answer sends on to: http or https, and never from TLS to none. */
    static URI location(Answer answer) {
        var given =
                answer.headers()
                        .firstValue("Location")
                        .orElseThrow(
                                () ->
                                        FaultException.of(
                                                FaultCode.UNAVAILABLE,
                                                "%s: %d without a location",
                                                place(answer.uri()),
                                                answer.status()));
        URI to;
        try {
            to = answer.uri().resolve(given);
        } catch (IllegalArgumentException e) {
            throw FaultException.invalid("%s: a location that is no URL", place(answer.uri()));
        }
        boolean known = "https".equals(to.getScheme()) || "http".equals(to.getScheme());
        if (!known || to.getHost() == null || to.getUserInfo() != null) {
            throw FaultException.invalid("%s: a location that is no URL", place(answer.uri()));
        }
        if (answer.uri().getScheme().equals("https") && to.getScheme().equals("http")) {
            throw FaultException.invalid(
                    "%s sends on to %s, without TLS", place(answer.uri()), place(to));
        }
        return to;
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(Math.max(20, patience.stall().toMillis() / 4));
                for (var body : bodies) {
                    body.endIfStalled();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        watch.interrupt();
        clients.values().forEach(HttpClient::shutdownNow);
    }

    /** A body that is closed when it stalls, when the transfer ends, or by its reader. */
    private final class Body extends FilterInputStream {
        private volatile long waitingSince;
        private volatile boolean stalled;

        Body(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            waitingSince = System.nanoTime() | 1;
            try {
                return in.read(bytes, offset, length);
            } catch (IOException e) {
                running.check();
                throw stalled
                        ? new IOException(
                                "nothing came for " + patience.stall().toSeconds() + " s", e)
                        : e;
            } finally {
                waitingSince = 0;
            }
        }

        void endIfStalled() {
            long since = waitingSince;
            if (since != 0 && System.nanoTime() - since > patience.stall().toNanos()) {
                stalled = true;
                try {
                    in.close();
                } catch (IOException e) {
                    // The reader learns of it by its own exception.
                    bodies.remove(this);
                }
            }
        }

        @Override
        public void close() throws IOException {
            bodies.remove(this);
            running.closed(this);
            in.close();
        }
    }
}
