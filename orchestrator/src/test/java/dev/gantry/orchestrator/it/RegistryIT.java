package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Images from and to a registry that others filled, and that others read. */
@RequiresRoot
class RegistryIT {
    private static final String SHELL = Registry.HOST + "/tools/shell";

    private static GantryInstance gantry;
    private static Registry registry;
    private static Peers peers;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
        registry = Registry.start(gantry);
        peers = new Peers(gantry);
        // Given two images that skopeo pushed out of Gantry's store, which is an OCI layout
        gantry.gantry(
                        "run",
                        "--name",
                        "made",
                        "--network",
                        "none",
                        "host-shell",
                        "sh",
                        "-c",
                        "echo upper > /file")
                .ok();
        gantry.gantry("commit", "made", "two-layers:1").ok();
        gantry.gantry("rm", "made").ok();
        var layout = "oci:" + gantry.root().resolve("state/storage-svc") + ":";
        peers.skopeo(
                "copy",
                "--dest-tls-verify=false",
                layout + "two-layers:1",
                "docker://" + SHELL + ":two");
        peers.skopeo(
                "copy",
                "--dest-tls-verify=false",
                layout + "host-shell:latest",
                "docker://" + SHELL);
        gantry.gantry("image", "rm", "two-layers:1", "host-shell").ok();
    }

    @AfterAll
    static void down() {
        registry.close();
        peers.close();
        gantry.close();
    }

    @BeforeEach
    void plain() {
        Registry.configurePlainHttp(gantry);
    }

    @AfterEach
    void empty() {
        var all = gantry.gantry("images", "-aq").ok().lines().stream().distinct().toList();
        if (!all.isEmpty()) {
            var words = new ArrayList<>(List.of("rmi", "-f"));
            words.addAll(all);
            gantry.gantry(words.toArray(String[]::new)).ok();
        }
        assertThat(gantry.gantry("images", "-aq").ok().out()).isEmpty();
    }

    @Test
    void whatSkopeoPushedIsPulledAndRun() {
        var pulled = gantry.gantry("pull", SHELL + ":two").ok();
        var ran =
                gantry.gantry("run", "--rm", "--network", "none", SHELL + ":two", "cat", "/file")
                        .ok();
        var again = gantry.gantry("pull", SHELL + ":two").ok();
        var removed = gantry.gantry("rmi", SHELL + ":two").ok();

        assertThat(pulled.lines()).first().isEqualTo("two: Pulling from tools/shell");
        assertThat(pulled.out())
                .contains("Pull complete", "Digest: sha256:")
                .contains(
                        "Status: Downloaded newer image for " + SHELL + ":two\n" + SHELL + ":two");
        assertThat(ran.out()).isEqualTo("upper\n");
        assertThat(again.out()).contains("Status: Image is up to date for " + SHELL + ":two");
        assertThat(again.out()).contains("Already exists").doesNotContain("Downloading");
        assertThat(removed.out()).contains("Untagged: " + SHELL + ":two");
    }

    @Test
    void runFetchesWhatIsMissingAndOnlyThat() {
        var never = gantry.gantry("run", "--rm", "--pull", "never", SHELL, "true");
        var missing = gantry.gantry("run", "--rm", "--network", "none", SHELL, "echo", "ran").ok();
        var here = gantry.gantry("run", "--rm", "--network", "none", SHELL, "echo", "ran").ok();
        var always =
                gantry.gantry(
                                "run",
                                "--rm",
                                "--network",
                                "none",
                                "--pull=always",
                                SHELL,
                                "echo",
                                "ran")
                        .ok();

        assertThat(never.code()).isEqualTo(125);
        assertThat(never.err()).contains("no such image").doesNotContain("Unable to find");
        assertThat(missing.out()).isEqualTo("ran\n");
        assertThat(missing.err())
                .contains("Unable to find image '" + SHELL + ":latest' locally")
                .contains("Status: Downloaded newer image for " + SHELL + ":latest");
        assertThat(here.err()).isEmpty();
        assertThat(always.err()).contains("Status: Image is up to date for " + SHELL + ":latest");
    }

    @Test
    void aDigestNamesAnImageToo() {
        var digest =
                peers.skopeo(
                                "inspect",
                                "--tls-verify=false",
                                "--format",
                                "{{.Digest}}",
                                "docker://" + SHELL + ":two")
                        .strip();

        var pulled = gantry.gantry("pull", "-q", SHELL + "@" + digest).ok();
        var ran =
                gantry.gantry(
                                "run",
                                "--rm",
                                "--network",
                                "none",
                                SHELL + "@" + digest,
                                "cat",
                                "/file")
                        .ok();

        assertThat(pulled.out()).isEqualTo(SHELL + "@" + digest + "\n");
        assertThat(ran.out()).isEqualTo("upper\n");
    }

    @Test
    void withoutAWordOfTheAdministratorNoRegistryIsSpokenToWithoutTls() {
        Registry.configure(gantry, "{}");

        var refused = gantry.gantry("pull", "-q", SHELL);

        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err())
                .contains("https://" + Registry.HOST + "/v2/tools/shell/manifests/latest");
        assertThat(gantry.gantry("images", "-q").out()).isEmpty();
    }

    @Test
    void aMisspeltConfigurationIsNoConfiguration() {
        Registry.configure(
                gantry, "{\"registries\": {\"" + Registry.HOST + "\": {\"unsecure\": \"http\"}}}");

        var refused = gantry.gantry("pull", "-q", SHELL);

        assertThat(refused.err()).contains("registries.json", "unsecure");
    }

    @Test
    void whatIsNotThereIsSaidSo() {
        var tag = gantry.gantry("pull", "-q", SHELL + ":none");
        var repository = gantry.gantry("pull", "-q", Registry.HOST + "/no/such");

        assertThat(tag.code()).isEqualTo(1);
        assertThat(tag.err()).contains("manifests/none: 404 \"manifest unknown\"");
        assertThat(repository.err()).contains("404");
    }

    @Test
    void anImageForAnotherPlatformIsNotTakenForOneForThis() {
        var refused = gantry.gantry("pull", "-q", "--platform", "linux/s390x", SHELL);

        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("not for linux/s390x");
    }

    @Test
    void whatGantryPushesPodmanRunsAndSkopeoReads() {
        var mine = Registry.HOST + "/mine/shell:made";
        gantry.gantry("pull", "-q", SHELL + ":two").ok();
        gantry.gantry("tag", SHELL + ":two", mine).ok();

        var pushed = gantry.gantry("push", mine).ok();
        var again = gantry.gantry("push", mine).ok();
        var elsewhere = gantry.gantry("push", "-q", SHELL + ":two", Registry.HOST + "/third").ok();

        assertThat(pushed.lines())
                .first()
                .isEqualTo("The push refers to repository [" + Registry.HOST + "/mine/shell]");
        // The layers are in another repository of the registry: they are not sent
        assertThat(pushed.out()).contains("Mounted").doesNotContain("Pushing", ": Pushed");
        assertThat(again.out()).contains("Layer already exists").doesNotContain("Mounted");
        assertThat(elsewhere.out()).isEqualTo(Registry.HOST + "/third:latest\n");
        var digest = digest(SHELL + ":two");
        assertThat(pushed.out()).contains("made: digest: " + digest);
        assertThat(digest(mine)).isEqualTo(digest);
        peers.podman("pull", "-q", "--tls-verify=false", mine);
        assertThat(peers.podmanRun(mine, "cat", "/file")).isEqualTo("upper\n");
    }

    private static String digest(String image) {
        return peers.skopeo(
                        "inspect",
                        "--tls-verify=false",
                        "--format",
                        "{{.Digest}}",
                        "docker://" + image)
                .strip();
    }

    @Test
    void whatPodmanCommittedAndPushedIsPulledAndRun() {
        var image = Registry.HOST + "/podman/made";
        peers.podman("pull", "-q", "--tls-verify=false", SHELL);
        peers.podman(
                "run",
                "--name",
                "made",
                "--network",
                "none",
                "--ulimit",
                "nofile=1024:1024",
                "--ulimit",
                "nproc=4096:4096",
                SHELL,
                "sh",
                "-c",
                "echo podman > /by; rm /etc/group");
        peers.podman("commit", "-q", "made", image);
        peers.podman("rm", "made");
        peers.podman("push", "-q", "--tls-verify=false", image);

        var ran =
                gantry.gantry(
                                "run",
                                "--rm",
                                "--network",
                                "none",
                                image,
                                "sh",
                                "-c",
                                "cat /by; ls /etc/group")
                        .out();

        assertThat(ran).isEqualTo("podman\n");
    }

    @Test
    void archivesGoToPodmanAndSkopeoAndBack() {
        gantry.gantry("pull", "-q", SHELL + ":two").ok();
        gantry.gantry("pull", "-q", SHELL).ok();
        gantry.gantry("tag", SHELL + ":two", "two:1").ok();
        var directory = gantry.root().toString();
        for (var format : List.of("docker-archive", "oci-archive")) {
            var ours = directory + "/ours-" + format;
            gantry.gantry("save", "--format", format, "-o", ours, "two:1").ok();

            // When Podman loads what Gantry saved, and saves it
            peers.podman("load", "-q", "-i", ours);
            var there =
                    peers.podman("images", "-n", "--format", "{{.Repository}}:{{.Tag}}")
                            .lines()
                            .filter(name -> name.endsWith("/two:1"))
                            .findFirst()
                            .orElseThrow();
            assertThat(peers.podmanRun(there, "cat", "/file")).isEqualTo("upper\n");
            var theirs = directory + "/theirs-" + format;
            peers.podman("save", "-q", "--format", format, "-o", theirs, there);
            peers.podman("rmi", "-f", there);
            var loaded = gantry.gantry("load", "-i", theirs).ok();

            // Then Gantry loads and runs it, and Skopeo reads both
            var name = loaded.out().strip().replaceFirst("Loaded image: ", "");
            assertThat(name).endsWith("two:1");
            assertThat(
                            gantry.gantry("run", "--rm", "--network", "none", name, "cat", "/file")
                                    .ok()
                                    .out())
                    .isEqualTo("upper\n");
            assertThat(peers.skopeo("inspect", format + ":" + ours)).contains("\"Architecture\"");
            var copied = directory + "/skopeo-" + format;
            peers.skopeo(
                    "copy",
                    "-q",
                    "--src-tls-verify=false",
                    "docker://" + SHELL + ":two",
                    format + ":" + copied + ":copied:1");
            assertThat(gantry.gantry("load", "-i", copied).ok().out())
                    .isEqualTo("Loaded image: copied:1\n");
            gantry.gantry("rmi", "copied:1").ok();
        }
    }

    @Test
    void severalImagesGoThroughAPipeAndComeBackWithTheirNames() {
        gantry.gantry("pull", "-q", SHELL + ":two").ok();
        gantry.gantry("pull", "-q", SHELL).ok();
        var before =
                gantry.gantry(
                                "images",
                                "--format",
                                "{{.ID}} {{.Repository}}:{{.Tag}}",
                                "--no-trunc")
                        .ok();
        var file = gantry.root().resolve("several").toString();
        var save = String.join(" ", gantry.commandLine("save", SHELL, SHELL + ":two"));

        GantryInstance.command("sh", "-c", save + " | gzip > " + file).ok();
        gantry.gantry("rmi", SHELL, SHELL + ":two").ok();
        var load = String.join(" ", gantry.commandLine("load"));
        var loaded = GantryInstance.command("sh", "-c", "cat " + file + " | " + load).ok();
        var after =
                gantry.gantry(
                                "images",
                                "--format",
                                "{{.ID}} {{.Repository}}:{{.Tag}}",
                                "--no-trunc")
                        .ok();
        gantry.gantry("rmi", SHELL, SHELL + ":two").ok();

        assertThat(loaded.lines())
                .containsExactlyInAnyOrder(
                        "Loaded image: " + SHELL + ":latest", "Loaded image: " + SHELL + ":two");
        assertThat(after.lines()).containsExactlyInAnyOrderElementsOf(before.lines());
    }

    @Test
    void aUserIsAskedForAndHisLoginIsRead() throws Exception {
        var host = "127.0.0.1:5001";
        var users = gantry.root().resolve("htpasswd").toString();
        GantryInstance.command("sh", "-c", "htpasswd -Bbn somebody secret > " + users).ok();
        Registry.configure(
                gantry,
                "{\"registries\": {\""
                        + host
                        + "\": {\"insecure\": \"http\"}, \""
                        + Registry.HOST
                        + "\": {\"insecure\": \"http\"}}}");
        gantry.gantry("pull", "-q", SHELL).ok();
        var home = Files.createDirectory(gantry.root().resolve("home"));
        var with =
                Map.of(
                        "HOME",
                        home.toString(),
                        "REGISTRY_AUTH_FILE",
                        "",
                        "PATH",
                        home + ":" + System.getenv("PATH"));
        var image = host + "/private/shell";

        try (var closed =
                Registry.start(
                        gantry,
                        host,
                        "{\"htpasswd\": {\"realm\": \"r\", \"path\": \"" + users + "\"}}")) {
            var nobody = gantry.gantry(with, "push", "-q", SHELL, image);
            assertThat(nobody.code()).isEqualTo(1);
            assertThat(nobody.err()).contains("401");

            // by a file of docker login's
            var auth = Base64.getEncoder().encodeToString("somebody:secret".getBytes());
            Files.createDirectory(home.resolve(".docker"));
            var config = home.resolve(".docker/config.json");
            Files.writeString(
                    config, "{\"auths\": {\"" + host + "\": {\"auth\": \"" + auth + "\"}}}");
            gantry.gantry(with, "push", "-q", SHELL, image).ok();
            gantry.gantry(with, "pull", "-q", image).ok();

            // by a credential helper, which is asked for this registry and no other
            Files.writeString(config, "{\"credHelpers\": {\"" + host + "\": \"test\"}}");
            var helper = home.resolve("docker-credential-test");
            Files.writeString(
                    helper,
                    "#!/bin/sh\nread server; echo $1 $server >> "
                            + home
                            + "/asked\n"
                            + "echo '{\"ServerURL\": \"x\", \"Username\": \"somebody\", \"Secret\":"
                            + " \"secret\"}'\n");
            Files.setPosixFilePermissions(helper, PosixFilePermissions.fromString("rwx------"));
            gantry.gantry(with, "pull", "-q", image).ok();
            gantry.gantry(with, "pull", "-q", SHELL).ok();
            assertThat(home.resolve("asked")).hasContent("get " + host);

            // and a wrong one is refused, and not printed
            Files.writeString(
                    config,
                    "{\"auths\": {\""
                            + host
                            + "\": {\"auth\": \""
                            + Base64.getEncoder().encodeToString("somebody:wrong-word".getBytes())
                            + "\"}}}");
            var wrong = gantry.gantry(with, "pull", "-q", image);
            assertThat(wrong.err()).contains("401").doesNotContain("wrong-word");
            assertThat(closed.log()).doesNotContain("panic");
        }
        var events = gantry.gantry("events", "--since", "all", "--no-follow").ok();
        assertThat(events.out()).contains("image-imported").doesNotContain("secret");
    }

    @Test
    void aTokenIsFetchedWhereTheRegistrySaysSo() throws Exception {
        var host = "127.0.0.1:5002";
        var directory = Files.createDirectory(gantry.root().resolve("tokens"));
        GantryInstance.command(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-subj",
                        "/CN=test",
                        "-days",
                        "2",
                        "-keyout",
                        directory + "/key.pem",
                        "-out",
                        directory + "/cert.pem")
                .ok();
        Registry.configure(
                gantry,
                "{\"registries\": {\""
                        + host
                        + "\": {\"insecure\": \"http\"}, \""
                        + Registry.HOST
                        + "\": {\"insecure\": \"http\"}}}");
        gantry.gantry("pull", "-q", SHELL).ok();
        var auth = directory.resolve("auth.json");
        Files.writeString(
                auth,
                "{\"auths\": {\""
                        + host
                        + "\": {\"auth\": \""
                        + Base64.getEncoder().encodeToString("somebody:secret".getBytes())
                        + "\"}}}");
        var with = Map.of("REGISTRY_AUTH_FILE", auth.toString());
        var image = host + "/tokens/shell";
        var section =
                "{\"token\": {\"realm\": \"http://127.0.0.1:5003/token\", \"service\": \"test\","
                        + " \"issuer\": \"test\", \"rootcertbundle\": \""
                        + directory
                        + "/cert.pem\"}}";
        var script =
                java.nio.file.Path.of("src/test/registry/token_server.py")
                        .toAbsolutePath()
                        .toString();
        var server =
                new ProcessBuilder(
                                "nsenter",
                                "--net=/run/netns/" + gantry.hostNetns(),
                                "python3",
                                script,
                                directory.toString(),
                                "5003",
                                "somebody",
                                "secret")
                        .inheritIO()
                        .start();

        try (var tokens = Registry.start(gantry, host, section)) {
            GantryInstance.eventually(
                    "the token server listens", () -> tokens.listens("127.0.0.1:5003"));
            var nobody = gantry.gantry("push", "-q", SHELL, image);
            var pushed = gantry.gantry(with, "push", "-q", SHELL, image);
            var pulled = gantry.gantry("pull", "-q", image);

            assertThat(nobody.code()).isEqualTo(1);
            pushed.ok();
            pulled.ok();
            assertThat(Files.readString(directory.resolve("requests")))
                    .contains(
                            "somebody repository:tokens/shell:pull,push",
                            "- repository:tokens/shell:pull\n");
        } finally {
            server.destroy();
            server.waitFor();
        }
    }

    private static GantryInstance.Result build(String dockerfile, String... options)
            throws IOException {
        var context = Files.createTempDirectory(gantry.root(), "context");
        Files.writeString(context.resolve("Dockerfile"), dockerfile);
        var words = new ArrayList<>(List.of("build", "--progress", "plain"));
        words.addAll(List.of(options));
        words.add(context.toString());
        return gantry.gantry(words.toArray(String[]::new));
    }

    @Test
    void aBuildPullsWhatItStandsOn() throws IOException {
        var dockerfile =
                "FROM " + SHELL + ":two\nCOPY --from=" + SHELL + " /bin/sh /other\nRUN cat /file\n";

        var built = build(dockerfile, "-t", "onto").ok();
        var again = build(dockerfile).ok();
        var pulled = build(dockerfile, "--pull").ok();

        assertThat(built.err())
                .contains("Status: Downloaded newer image for " + SHELL + ":two")
                .contains("Status: Downloaded newer image for " + SHELL + ":latest")
                .contains("upper");
        assertThat(again.err()).doesNotContain("Status:").contains("cached");
        assertThat(pulled.err())
                .contains("Status: Image is up to date for " + SHELL + ":two")
                .contains("cached");
        assertThat(again.out()).isEqualTo(built.out());
        var missing = build("FROM " + Registry.HOST + "/no/such\n");
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("404");
    }

    /** The usual way to build for another processor: compile here, copy into an image of there. */
    @Test
    void stagesOfTwoPlatformsAreBuiltOnOneName() throws IOException {
        var foreign = foreign();
        var arm = Registry.HOST + "/tools/" + foreign;
        build("FROM scratch\nCOPY Dockerfile /is-foreign\n", "--platform", foreign, "-t", arm).ok();
        gantry.gantry("push", "-q", arm).ok();
        gantry.gantry("rmi", arm).ok();
        var both = Registry.HOST + "/tools/both";
        peers.podman("manifest", "create", "both");
        for (var image : List.of(SHELL, arm)) {
            peers.podman("manifest", "add", "--tls-verify=false", "both", "docker://" + image);
        }
        peers.podman("manifest", "push", "--tls-verify=false", "--all", "both", "docker://" + both);
        peers.podman("manifest", "rm", "both");
        var dockerfile =
                """
                FROM --platform=$BUILDPLATFORM %s AS compiler
                ARG TARGETARCH
                RUN echo for $TARGETARCH > /out
                FROM %s
                ARG TARGETPLATFORM
                ENV PLATFORM=$TARGETPLATFORM
                COPY --from=compiler /out /out
                """
                        .formatted(both, both);

        var built = build(dockerfile, "--platform", foreign, "-t", "cross").ok();
        var here = build(dockerfile, "-t", "native").ok();

        assertThat(built.err()).contains("Pulling from tools/both for linux/" + foreign);
        assertThat(
                        gantry.gantry("inspect", "-f", "{{.Architecture}} {{.Config.Env}}", "cross")
                                .out())
                .startsWith(foreign)
                .contains("PLATFORM=linux/" + foreign);
        assertThat(gantry.gantry("run", "--rm", "--network", "none", "native", "cat", "/out").out())
                .doesNotContain(foreign);
        assertThat(gantry.gantry("run", "--rm", "--network", "none", both, "true").code())
                .as("the name is this host's still")
                .isZero();
        // A name that is another platform's here is pulled for this one, beside it
        gantry.gantry("pull", "-q", "--platform", "linux/" + foreign, both).ok();
        assertThat(build("FROM " + both + "\nRUN true\n", "--no-cache").ok().err())
                .contains("Pulling from tools/both for linux/");
        // And the tree is that of the foreign image
        gantry.gantry("save", "-o", gantry.root().resolve("cross.tar").toString(), "cross").ok();
        peers.podman("load", "-q", "-i", gantry.root().resolve("cross.tar").toString());
        assertThat(peers.podman("inspect", "--format", "{{.Architecture}}", "localhost/cross"))
                .startsWith(foreign);
        var plain = gantry.gantry("create", "--name", "cross", "cross", "x");
        plain.ok();
        var out = gantry.root().resolve("cross.out").toString();
        gantry.gantry("export", "-o", out, "cross").ok();
        assertThat(GantryInstance.command("tar", "-xOf", out, "out").ok().out())
                .isEqualTo("for " + foreign + "\n");
        assertThat(GantryInstance.command("tar", "-tf", out).ok().out()).contains("is-foreign");
        gantry.gantry("rm", "cross").ok();
        assertThat(here.code()).isZero();

        var run = build("FROM " + both + "\nRUN true\n", "--platform", foreign);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("Dockerfile:2: RUN in a stage for linux/" + foreign);
        assertThat(build("FROM host-shell\n", "--platform", foreign).err())
                .contains("Dockerfile:1: image host-shell is for", "not for linux/" + foreign);
        assertThat(build("FROM --platform=a/b/c/d scratch\n").err())
                .contains("Dockerfile:1: platform \"a/b/c/d\" is not os/architecture[/variant]");
        assertThat(build("FROM scratch\n", "--platform", "windows/amd64").err())
                .contains("platform \"windows/amd64\": not of Linux");
    }

    private static String foreign() {
        return System.getProperty("os.arch").equals("aarch64") ? "amd64" : "arm64";
    }

    @Test
    void whatARegistryHasNewerIsToldAndFetchedAndItsContainersAreMadeAnew() {
        var moving = Registry.HOST + "/tools/moving";
        var copy = List.of("--src-tls-verify=false", "--dest-tls-verify=false");
        copyTo(moving, SHELL, copy);
        gantry.gantry("pull", "-q", moving).ok();
        gantry.gantry("tag", "%s".formatted(moving), "not-in-any/registry").ok();
        gantry.gantry(
                        "run",
                        "-d",
                        "--name",
                        "asks",
                        "--network",
                        "none",
                        "-l",
                        "gantry.update=recreate",
                        moving,
                        "sh",
                        "-c",
                        "cat /file; sleep 1000")
                .ok();
        var before = gantry.gantry("inspect", "-f", "{{.Id}}", "asks").ok().out();
        assertThat(gantry.gantry("image", "outdated", "--remote", moving).ok().lines()).hasSize(1);

        copyTo(moving, SHELL + ":two", copy);

        assertThat(gantry.gantry("image", "outdated", moving).ok().lines()).hasSize(1);
        var outdated =
                gantry.gantry(
                                "image",
                                "outdated",
                                "--remote",
                                "--format",
                                "{{.Name}} {{.Newer}}",
                                moving)
                        .ok();
        assertThat(outdated.out().strip()).isEqualTo(moving + ":latest " + digest(SHELL + ":two"));
        var unknown = gantry.gantry("image", "outdated", "--remote");
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.err()).contains("not-in-any/registry:latest: ");

        var updated = gantry.gantry("image", "update", "--remote", moving).ok();

        assertThat(updated.out()).contains("asks: made anew as ");
        assertThat(gantry.gantry("inspect", "-f", "{{.Id}}", "asks").ok().out())
                .isNotEqualTo(before);
        GantryInstance.eventually(
                "it runs over the newer image",
                () -> gantry.gantry("logs", "asks").out().contains("upper"));
        assertThat(gantry.gantry("image", "outdated", "--remote", moving).ok().lines()).hasSize(1);
        gantry.gantry("rm", "-f", "asks").ok();
    }

    private static void copyTo(String to, String from, List<String> options) {
        var words = new ArrayList<>(List.of("copy", "-q"));
        words.addAll(options);
        words.addAll(List.of("docker://" + from, "docker://" + to));
        peers.skopeo(words.toArray(String[]::new));
    }
}
