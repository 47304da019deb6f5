package dev.gantry.storage.registry;

import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.content.Arrival;
import dev.gantry.storage.content.Descriptor;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Where a repository is read: its mirrors in their order, then the registry itself. What fails for
 * a while is asked again, with growing pauses; a download goes on from the byte that was reached.
 */
final class Source {
    private static final int BUFFER = 128 * 1024;

    private final Http http;
    private final List<Repository> places = new ArrayList<>();

    Source(Http http, Registries registries, RegistryName name, Optional<RegistryLogin> login) {
        this.http = http;
        for (var endpoint : registries.endpoints(name, false)) {
            var scopes = Set.of("repository:" + endpoint.repository() + ":pull");
            places.add(new Repository(http, endpoint, login, scopes));
        }
    }

    /** Asks one place. */
    private interface Question<T> {
        T ask(Repository place) throws IOException;
    }

    Repository.Document manifest(String tagOrDigest) throws IOException {
        return anywhere(place -> patiently(http, () -> place.manifest(tagOrDigest)));
    }

    /** What a mirror does not have or refuses, the registry may give; its word is the last. */
    private <T> T anywhere(Question<T> question) throws IOException {
        for (var mirror : places.subList(0, places.size() - 1)) {
            try {
                return question.ask(mirror);
            } catch (IOException | FaultException e) {
                http.running().check();
                http.running().note("mirror " + mirror.place() + ": " + e.getMessage());
            }
        }
        return question.ask(places.getLast());
    }

    /** Brings a blob to where it is awaited. */
    void carry(Arrival arrival, Descriptor blob, BooleanSupplier stop) throws IOException {
        anywhere(
                place -> {
                    carry(arrival, blob, place, stop);
                    return null;
                });
        arrival.finish();
    }

    private void carry(Arrival arrival, Descriptor blob, Repository place, BooleanSupplier stop)
            throws IOException {
        int failures = 0;
        while (arrival.received() < blob.size()) {
            long before = arrival.received();
            Optional<Duration> pause = Optional.empty();
            try {
                stream(arrival, blob, place, stop);
                if (arrival.received() < blob.size()) {
                    throw new IOException(
                            "%s ended after %d bytes".formatted(blob.digest(), arrival.received()));
                }
            } catch (IOException e) {
                failures = arrival.received() > before ? 1 : failures + 1;
                http.running().check();
                if (failures >= http.patience().attempts() || stop.getAsBoolean()) {
                    throw e;
                }
                pause = e instanceof Repository.Busy busy ? busy.pause() : Optional.empty();
                sleep(http, pause.orElse(http.patience().pause(failures - 1)));
            }
        }
    }

    private void stream(Arrival arrival, Descriptor blob, Repository place, BooleanSupplier stop)
            throws IOException {
        long from = arrival.received();
        try (var answer = place.blob(blob.digest(), from)) {
            var in = answer.body();
            if (answer.status() == 206) {
                requireRange(answer, from);
            } else {
                in.skipNBytes(from);
            }
            var buffer = new byte[BUFFER];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                http.running().check();
                if (stop.getAsBoolean()) {
                    throw new IOException("another part failed");
                }
                arrival.append(buffer, 0, count);
                http.running().moved(blob.digest(), arrival.received());
            }
        }
    }

    private static void requireRange(Http.Answer answer, long from) throws IOException {
        var range = answer.headers().firstValue("Content-Range").orElse("");
        if (!range.startsWith("bytes " + from + "-")) {
            throw new IOException(
                    "%s: 206 from another byte than %d".formatted(Http.place(answer.uri()), from));
        }
    }

    /** Something that may be repeated. */
    interface Attempt<T> {
        T make() throws IOException;
    }

    /** Tries again, with growing pauses, what failed for a reason that may pass. */
    static <T> T patiently(Http http, Attempt<T> attempt) throws IOException {
        for (int failures = 0; ; ) {
            try {
                return attempt.make();
            } catch (IOException e) {
                http.running().check();
                if (++failures >= http.patience().attempts() || isFinal(e)) {
                    throw unavailable(e);
                }
                var pause =
                        e instanceof Repository.Busy busy
                                ? busy.pause()
                                : Optional.<Duration>empty();
                sleep(http, pause.orElse(http.patience().pause(failures - 1)));
            }
        }
    }

    /** A certificate that is not believed will not be believed the next time. */
    private static boolean isFinal(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof javax.net.ssl.SSLHandshakeException
                    || cause instanceof java.net.UnknownHostException
                    || cause instanceof java.nio.channels.UnresolvedAddressException) {
                return true;
            }
        }
        return false;
    }

    private static FaultException unavailable(IOException e) {
        var text = e.getMessage() == null ? e.toString() : e.getMessage();
        return new FaultException(FaultException.of(FaultCode.UNAVAILABLE, "%s", text).fault(), e);
    }

    private static void sleep(Http http, Duration pause) {
        long left = Math.min(pause.toMillis(), Patience.LONGEST_PAUSE.toMillis());
        try {
            for (; left > 0; left -= 100) {
                http.running().check();
                Thread.sleep(Math.min(left, 100));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
