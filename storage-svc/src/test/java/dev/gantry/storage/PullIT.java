package dev.gantry.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.Transfer;
import dev.gantry.bus.contract.storage.TransferOperation;
import dev.gantry.bus.contract.storage.TransferOperation.Resolved;
import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;
import dev.gantry.storage.archive.Digests;
import dev.gantry.storage.archive.LayerLimits;
import dev.gantry.storage.kernel.LinuxStorageKernel;
import dev.gantry.storage.testing.OciLayout;
import dev.gantry.storage.testing.TarBytes;
import dev.gantry.storage.testing.TestRegistry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Pulls from registries that fail, stall, send on and lie (security.md rows 22 and 23). */
@RequiresRoot
class PullIT {
    private static final String INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    @TempDir Path temp;
    private Storage storage;
    private TestRegistry registry;
    private int transfers;

    @BeforeAll
    static void beImpatient() {
        System.setProperty("gantry.storage.registry.pauseMillis", "5");
        System.setProperty("gantry.storage.registry.stallMillis", "300");
    }

    @AfterAll
    static void bePatient() {
        System.clearProperty("gantry.storage.registry.pauseMillis");
        System.clearProperty("gantry.storage.registry.stallMillis");
    }

    @BeforeEach
    void open() throws IOException {
        storage =
                Storage.open(
                        new LinuxStorageKernel(),
                        temp.resolve("state"),
                        LayerLimits.DEFAULT,
                        (what, id, facts) -> {});
        registry = TestRegistry.plain();
        configure("{\"%s\": {\"insecure\": \"http\"}}".formatted(registry.host()));
    }

    @AfterEach
    void close() {
        registry.close();
        storage.close();
    }

    private void configure(String registries) throws IOException {
        Files.writeString(temp.resolve("registries.json"), "{\"registries\": " + registries + "}");
    }

    /** An image of two layers, the upper one of random bytes, so that gzip does not shrink it. */
    private Path layout() throws IOException {
        var noise = new byte[400_000];
        new Random(1).nextBytes(noise);
        return new OciLayout(temp.resolve("layout"))
                .layer(new TarBytes().file("low", "low").end())
                .gzipLayer(
                        new TarBytes()
                                .file(
                                        "noise",
                                        new String(
                                                noise,
                                                java.nio.charset.StandardCharsets.ISO_8859_1))
                                .end())
                .write("tag");
    }

    private String image() {
        return registry.host() + "/some/image:tag";
    }

    private String digestOfLayer(int number) throws IOException {
        return Json.mapper()
                .readTree(registry.document("tag"))
                .path("layers")
                .get(number)
                .path("digest")
                .asText();
    }

    private String begin(Optional<RegistryLogin> login) {
        var id = "t" + ++transfers;
        ask(new TransferOperation.Pull(id, image(), Optional.empty(), login, false));
        return id;
    }

    @SuppressWarnings("unchecked")
    private <R> R ask(StorageOperation.Moving<R> operation) {
        return (R) storage.moving().carryOut(operation);
    }

    private Transfer end(String id) {
        var now = ask(new TransferOperation.Follow(id, 0, 0));
        while (now.state() == Transfer.State.RUNNING) {
            now = ask(new TransferOperation.Follow(id, now.version(), 20_000));
        }
        return now;
    }

    private Transfer pull() {
        return end(begin(Optional.empty()));
    }

    private void assertPulled(Transfer transfer) {
        assertThat(transfer.fault()).isEmpty();
        assertThat(transfer.state()).isEqualTo(Transfer.State.DONE);
        assertThat(storage.images().inspect(image()).digest())
                .isEqualTo(transfer.images().getFirst().digest());
    }

    /** Nothing has a name, and nothing is left of what came. */
    private void assertRefused(Transfer transfer, String... why) throws IOException {
        assertThat(transfer.state()).isEqualTo(Transfer.State.FAILED);
        assertThat(transfer.fault().orElseThrow().message()).contains(why);
        assertNothingIsThere();
    }

    private void assertNothingIsThere() throws IOException {
        assertThat(storage.images().list().images()).isEmpty();
        for (var directory : new String[] {"blobs/sha256", "layers", "tmp", "unpacking"}) {
            try (var files = Files.list(temp.resolve("state").resolve(directory))) {
                assertThat(files.toList()).isEmpty();
            }
        }
    }

    @Test
    void twoPullsOfOneImageFetchEachBlobOnce() throws IOException {
        registry.serve(layout(), "tag");
        var both = new CountDownLatch(2);
        registry.hook(
                (exchange, self) -> {
                    // No blob is sent before both have asked for the manifest
                    if (exchange.getRequestURI().getPath().contains("/manifests/")) {
                        both.countDown();
                    } else {
                        awaitQuietly(both);
                    }
                    return false;
                });

        var one = begin(Optional.empty());
        var other = begin(Optional.empty());
        assertPulled(end(one));
        assertPulled(end(other));

        assertThat(registry.seen().stream().filter(s -> s.path().contains("/blobs/")))
                .hasSize(3)
                .doesNotHaveDuplicates();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aDownloadGoesOnWhereItBrokeOff() throws IOException {
        registry.serve(layout(), "tag");
        var big = digestOfLayer(1);
        var times = new AtomicInteger();
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().endsWith(big)
                            || times.incrementAndGet() > 1) {
                        return false;
                    }
                    var bytes = self.blob(big);
                    exchange.sendResponseHeaders(200, bytes.length);
                    exchange.getResponseBody().write(bytes, 0, 300_000);
                    exchange.getResponseBody().flush();
                    throw new IOException("the line is cut");
                });

        assertPulled(pull());

        var asked = registry.seen().stream().filter(s -> s.path().endsWith(big)).toList();
        assertThat(asked).hasSize(2);
        assertThat(asked.get(1).range()).matches("bytes=[1-9][0-9]+-");
    }

    @Test
    void aRegistryThatDoesNotKnowRangesIsReadAgainFromTheBeginning() throws IOException {
        registry.serve(layout(), "tag");
        var big = digestOfLayer(1);
        var times = new AtomicInteger();
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().endsWith(big)) {
                        return false;
                    }
                    var bytes = self.blob(big);
                    boolean whole = times.incrementAndGet() > 1;
                    exchange.sendResponseHeaders(200, bytes.length);
                    exchange.getResponseBody().write(bytes, 0, whole ? bytes.length : 300_000);
                    exchange.getResponseBody().flush();
                    return true;
                });

        assertPulled(pull());
    }

    @Test
    void aBodyThatStallsIsAskedForAgain() throws IOException {
        registry.serve(layout(), "tag");
        var big = digestOfLayer(1);
        var times = new AtomicInteger();
        var over = new CountDownLatch(1);
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().endsWith(big)
                            || times.incrementAndGet() > 1) {
                        return false;
                    }
                    exchange.sendResponseHeaders(200, self.blob(big).length);
                    exchange.getResponseBody().write(self.blob(big), 0, 100_000);
                    exchange.getResponseBody().flush();
                    awaitQuietly(over);
                    return true;
                });
        try {
            assertPulled(pull());
        } finally {
            over.countDown();
        }
    }

    @Test
    void whatIsBusyIsAskedAgainAndWhatStaysBusyFails() throws IOException {
        registry.serve(layout(), "tag");
        var times = new AtomicInteger();
        registry.hook(
                (exchange, self) -> {
                    int time = times.incrementAndGet();
                    if (time > 2) {
                        return false;
                    }
                    exchange.getResponseHeaders().set("Retry-After", "0");
                    TestRegistry.send(exchange, time == 1 ? 503 : 429, new byte[0]);
                    return true;
                });
        assertPulled(pull());
        storage.remove(image(), false);

        registry.hook(
                (exchange, self) -> {
                    TestRegistry.send(exchange, 503, "busy".getBytes());
                    return true;
                });
        assertRefused(pull(), "/v2/some/image/manifests/tag: 503");
    }

    @Test
    void aCancelledPullLeavesNothing() throws IOException {
        registry.serve(layout(), "tag");
        var big = digestOfLayer(1);
        var begun = new CountDownLatch(1);
        var over = new CountDownLatch(1);
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().endsWith(big)) {
                        return false;
                    }
                    exchange.sendResponseHeaders(200, self.blob(big).length);
                    exchange.getResponseBody().write(self.blob(big), 0, 100_000);
                    exchange.getResponseBody().flush();
                    begun.countDown();
                    awaitQuietly(over);
                    return true;
                });

        var id = begin(Optional.empty());
        awaitQuietly(begun);
        ask(new TransferOperation.Cancel(id));
        var ended = end(id);
        over.countDown();

        assertThat(ended.state()).isEqualTo(Transfer.State.CANCELLED);
        assertNothingIsThere();
    }

    @Test
    void aLoginIsForItsRegistryAndIsNotSentOn() throws IOException {
        registry.serve(layout(), "tag");
        try (var storageServer = TestRegistry.plain().serve(temp.resolve("layout"), "tag")) {
            var basic =
                    "Basic " + java.util.Base64.getEncoder().encodeToString("me:word".getBytes());
            registry.hook(
                    (exchange, self) -> {
                        var path = exchange.getRequestURI().getPath();
                        if (!basic.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                            exchange.getResponseHeaders()
                                    .set("WWW-Authenticate", "Basic realm=\"r\"");
                            TestRegistry.send(exchange, 401, new byte[0]);
                            return true;
                        }
                        if (path.contains("/blobs/")) {
                            exchange.getResponseHeaders()
                                    .set("Location", "http://" + storageServer.host() + path);
                            TestRegistry.send(exchange, 307, new byte[0]);
                            return true;
                        }
                        return false;
                    });

            assertPulled(end(begin(Optional.of(login()))));

            assertThat(storageServer.seen()).hasSize(3);
            assertThat(storageServer.seen())
                    .allSatisfy(seen -> assertThat(seen.authorization()).isEmpty());
        }
    }

    private RegistryLogin login() {
        return new RegistryLogin(registry.host(), "me", "word", "");
    }

    @Test
    void aServerThatIsSentOnToGetsNoLoginEvenIfItAsks() throws IOException {
        registry.serve(layout(), "tag");
        try (var thief = TestRegistry.plain()) {
            thief.hook(
                    (exchange, self) -> {
                        exchange.getResponseHeaders()
                                .add("WWW-Authenticate", "Basic realm=\"give it to me\"");
                        exchange.getResponseHeaders()
                                .add(
                                        "WWW-Authenticate",
                                        "Bearer realm=\"http://" + thief.host() + "/token\"");
                        TestRegistry.send(exchange, 401, new byte[0]);
                        return true;
                    });
            registry.hook(
                    (exchange, self) -> {
                        var path = exchange.getRequestURI().getPath();
                        if (!path.contains("/blobs/")) {
                            return false;
                        }
                        exchange.getResponseHeaders()
                                .set("Location", "http://" + thief.host() + path);
                        TestRegistry.send(exchange, 302, new byte[0]);
                        return true;
                    });

            assertRefused(end(begin(Optional.of(login()))), thief.host(), "401");

            assertThat(thief.seen()).isNotEmpty();
            assertThat(thief.seen())
                    .allSatisfy(
                            seen -> {
                                assertThat(seen.authorization()).isEmpty();
                                assertThat(seen.path()).doesNotContain("token");
                            });
        }
    }

    @Test
    void aTokenServiceHasToBeAWebServer() throws IOException {
        registry.serve(layout(), "tag");
        for (var realm : new String[] {"file:///etc/passwd", "ftp://127.0.0.1/", "x", ""}) {
            registry.hook(
                    (exchange, self) -> {
                        exchange.getResponseHeaders()
                                .add("WWW-Authenticate", "Bearer realm=\"" + realm + "\"");
                        TestRegistry.send(exchange, 401, new byte[0]);
                        return true;
                    });
            assertRefused(end(begin(Optional.of(login()))), "no https URL");
        }
    }

    @Test
    void aLoginOfAnotherRegistryIsRefused() throws IOException {
        registry.serve(layout(), "tag");
        var refused = end(begin(Optional.of(new RegistryLogin("docker.io", "me", "word", ""))));

        assertRefused(refused, "a login to docker.io was given for " + registry.host());
        assertThat(registry.seen()).isEmpty();
        assertThat(login().toString()).doesNotContain("word", "me\"");
    }

    @Test
    void mirrorsAreAskedFirstAndGetNoLogin() throws IOException {
        registry.serve(layout(), "tag");
        var big = digestOfLayer(1);
        try (var mirror = TestRegistry.plain().serve(temp.resolve("layout"), "tag")) {
            configure(
                    "{\"%1$s\": {\"insecure\": \"http\", \"mirrors\": [\"%2$s/cache\"]}, \"%2$s\": {\"insecure\": \"http\"}}"
                            .formatted(registry.host(), mirror.host()));
            mirror.forget(big);

            assertPulled(end(begin(Optional.of(login()))));

            assertThat(mirror.seen().getFirst().path())
                    .isEqualTo("/v2/cache/some/image/manifests/tag");
            assertThat(mirror.seen()).allSatisfy(s -> assertThat(s.authorization()).isEmpty());
            assertThat(registry.seen())
                    .singleElement()
                    .satisfies(s -> assertThat(s.path()).endsWith(big));
        }
    }

    @Test
    void aCertificateIsVerifiedUnlessTheAdministratorSaysOtherwise() throws Exception {
        var store = temp.resolve("keys").toString();
        keytool(
                "-genkeypair",
                "-alias",
                "r",
                "-keyalg",
                "RSA",
                "-dname",
                "CN=127.0.0.1",
                "-ext",
                "SAN=ip:127.0.0.1",
                "-keystore",
                store);
        var pem = temp.resolve("ca.pem").toString();
        keytool("-exportcert", "-rfc", "-alias", "r", "-keystore", store, "-file", pem);
        keytool(
                "-genkeypair",
                "-alias",
                "r",
                "-keyalg",
                "RSA",
                "-dname",
                "CN=elsewhere",
                "-ext",
                "SAN=ip:127.0.0.2",
                "-keystore",
                store + "2");
        registry.serve(layout(), "tag");
        registry.close();
        registry = TestRegistry.tls(context(store)).serve(temp.resolve("layout"), "tag");

        configure("{}");
        assertRefused(pull(), "https://" + registry.host(), "certification path");
        configure("{\"%s\": {\"ca\": \"%s\"}}".formatted(registry.host(), pem));
        assertPulled(pull());
        storage.remove(image(), false);
        configure("{\"%s\": {\"ca\": \"%s\"}}".formatted(registry.host(), temp.resolve("no.pem")));
        assertRefused(pull(), "certificates of", "no.pem");
        configure("{\"%s\": {\"insecure\": \"http\"}}".formatted(registry.host()));
        assertThat(pull().state()).isEqualTo(Transfer.State.FAILED);
        registry.close();

        // Of another host, and not signed by anybody: only "unverified" takes it
        registry = TestRegistry.tls(context(store + "2")).serve(temp.resolve("layout"), "tag");
        configure("{\"%s\": {\"ca\": \"%s\"}}".formatted(registry.host(), pem));
        assertRefused(pull(), "certification path");
        configure("{\"%s\": {\"insecure\": \"unverified\"}}".formatted(registry.host()));
        assertPulled(pull());
    }

    private static void keytool(String... arguments) throws Exception {
        var words =
                new java.util.ArrayList<>(
                        java.util.List.of(
                                Path.of(System.getProperty("java.home"), "bin/keytool")
                                        .toString()));
        words.addAll(java.util.List.of(arguments));
        words.addAll(java.util.List.of("-storepass", "changeit"));
        var process = new ProcessBuilder(words).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
    }

    private static javax.net.ssl.SSLContext context(String store) throws Exception {
        var keys =
                java.security.KeyStore.getInstance(
                        new java.io.File(store), "changeit".toCharArray());
        var factory = javax.net.ssl.KeyManagerFactory.getInstance("PKIX");
        factory.init(keys, "changeit".toCharArray());
        var context = javax.net.ssl.SSLContext.getInstance("TLS");
        context.init(factory.getKeyManagers(), null, null);
        return context;
    }

    @Test
    void documentsThatLieAreRefused() throws IOException {
        registry.serve(layout(), "tag");
        var honest = new String(registry.document("tag"));
        var digest = digestOfLayer(1);
        var manifest = Json.mapper().readTree(honest);
        var size = manifest.path("layers").get(1).path("size").asText();

        refused(honest.replace("\"layers\"", "\"manifests\":[],\"layers\""), "is an index");
        refused(
                honest.replace("\"size\":" + size, "\"size\":" + (Long.parseLong(size) - 1)),
                "announced");
        refused(
                honest.replace("\"size\":" + size, "\"size\":" + (Long.parseLong(size) + 1)),
                digest);
        refused(honest.replace("\"size\":" + size, "\"size\":-1"), "size");
        refused(honest.replace("\"size\":" + size, "\"size\":1e999"), "size");
        refused(honest.replace(digest, "sha256:../../../etc/passwd"), "digest");
        refused(honest.replace(digest, "sha256:" + "0".repeat(64)), "404");
        refused(honest.replace("layer.v1.tar+gzip", "layer.v1.tar"), "tar: ");
        refused(honest.replace("layer.v1.tar+gzip", "layer.v1.tar+xz"), "media type");
        refused(honest.replace("image.config.v1", "image.other.v1"), "media type");
        refused(honest.replace("\"schemaVersion\":2", "\"schemaVersion\":1"), "schemaVersion");
        refused(
                honest.replace(
                        "\"schemaVersion\":2",
                        "\"mediaType\":\"" + INDEX + "\",\"schemaVersion\":2"),
                "media type");
        refused(honest.substring(0, honest.length() / 2), "manifest");
        refused("[]", "not a JSON object");
        refused("[".repeat(100_000), "manifest");
        refused("{\"a\":1,\"a\":2}", "manifest");
        var layer = manifest.path("layers").get(0).toString();
        refused(
                honest.replaceFirst(
                        "\"layers\":\\[",
                        "\"layers\":[" + (layer + ",").repeat(20_000).replace("$", "")),
                "overlayfs takes 500");
        refused(honest + " ".repeat(5 << 20), "more than 4194304 bytes");
    }

    private void refused(String manifest, String why) throws IOException {
        registry.document("tag", MANIFEST, manifest.getBytes());
        assertRefused(pull(), why);
    }

    @Test
    void aLayerOfOtherBytesIsRefused() throws IOException {
        registry.serve(layout(), "tag");
        var big = digestOfLayer(1);
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().endsWith(big)) {
                        return false;
                    }
                    var bytes = self.blob(big).clone();
                    bytes[bytes.length / 2] ^= 1;
                    TestRegistry.send(exchange, 200, bytes);
                    return true;
                });

        var refused = pull();

        assertThat(refused.state()).isEqualTo(Transfer.State.FAILED);
        assertThat(refused.fault().orElseThrow().message()).contains(big);
        assertNothingIsThere();
    }

    @Test
    void aDigestThatWasAskedForIsWhatComes() throws IOException {
        registry.serve(layout(), "tag");
        var other = registry.document("tag").clone();
        var asked = Digests.of(registry.document("tag"));
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().contains("/manifests/")) {
                        return false;
                    }
                    exchange.getResponseHeaders().set("Content-Type", MANIFEST);
                    TestRegistry.send(exchange, 200, (new String(other) + "\n").getBytes());
                    return true;
                });
        var id = "by-digest";
        ask(
                new TransferOperation.Pull(
                        id,
                        registry.host() + "/some/image@" + asked,
                        Optional.empty(),
                        Optional.empty(),
                        false));

        assertRefused(end(id), "not \"" + asked);
    }

    @Test
    void indexesLeadToTheImageOfAPlatformAndNowhereElse() throws IOException {
        registry.serve(layout(), "tag");
        var manifest = registry.document("tag");
        var foreign = entry(Digests.of("x".getBytes()), 1, "s390x", MANIFEST);
        var own =
                entry(
                        Digests.of(manifest),
                        manifest.length,
                        dev.gantry.storage.kernel.Architecture.goarch(),
                        MANIFEST);
        var index = index(foreign, own);
        var tagged = registry.document("tag", INDEX, index.getBytes());

        var resolved =
                ask(new TransferOperation.Resolve(image(), Optional.empty(), Optional.empty()));
        assertPulled(pull());

        assertThat(resolved).isEqualTo(new Resolved(Digests.of(manifest), tagged));
        storage.remove(image(), false);
        registry.document("tag", INDEX, index(foreign).getBytes());
        assertRefused(pull(), "has no image for linux/");

        // A cycle cannot be made of honest digests: a registry that answers each with the same
        // index
        registry.document(
                "tag", INDEX, index(entry("sha256:" + "a".repeat(64), 10, null, INDEX)).getBytes());
        registry.hook(
                (exchange, self) -> {
                    if (!exchange.getRequestURI().getPath().contains("/manifests/")) {
                        return false;
                    }
                    exchange.getResponseHeaders().set("Content-Type", INDEX);
                    TestRegistry.send(exchange, 200, self.document("tag"));
                    return true;
                });
        assertRefused(pull(), "not \"sha256:aaaa");
    }

    @Test
    void indexesThatNestTooDeepAreRefused() throws IOException {
        registry.serve(layout(), "tag");
        var inner = index(entry("sha256:" + "a".repeat(64), 10, "s390x", MANIFEST));
        for (int i = 0; i < 6; i++) {
            var digest = registry.document("inner" + i, INDEX, inner.getBytes());
            inner = index(entry(digest, inner.length(), null, INDEX));
        }
        registry.document("tag", INDEX, inner.getBytes());

        assertRefused(pull(), "nested too deep");
    }

    private static String entry(String digest, int size, String architecture, String mediaType) {
        var platform =
                architecture == null
                        ? ""
                        : ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}"
                                .formatted(architecture);
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d%s}"
                .formatted(mediaType, digest, size, platform);
    }

    private static String index(String... entries) {
        return "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[%s]}"
                .formatted(INDEX, String.join(",", Arrays.asList(entries)));
    }
}
