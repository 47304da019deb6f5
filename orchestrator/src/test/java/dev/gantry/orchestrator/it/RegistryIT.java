package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Images from and to a registry that others filled, and that others read. */
@RequiresRoot
class RegistryIT {
    private static final String SHELL = Registry.HOST + "/tools/shell";

    private static GantryInstance gantry;
    private static Registry registry;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
        registry = Registry.start(gantry);
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
        skopeo(
                "copy",
                "--dest-tls-verify=false",
                layout + "two-layers:1",
                "docker://" + SHELL + ":two");
        skopeo(
                "copy",
                "--dest-tls-verify=false",
                layout + "host-shell:latest",
                "docker://" + SHELL);
        gantry.gantry("image", "rm", "two-layers:1", "host-shell").ok();
    }

    private static String skopeo(String... arguments) {
        var words = new java.util.ArrayList<>(java.util.List.of("skopeo"));
        words.addAll(java.util.List.of(arguments));
        return gantry.host(words.toArray(String[]::new)).ok().out();
    }

    @AfterAll
    static void down() {
        registry.close();
        gantry.close();
    }

    @BeforeEach
    void plain() {
        Registry.configurePlainHttp(gantry);
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
        gantry.gantry("rmi", SHELL).ok();

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
                skopeo(
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
        gantry.gantry("rmi", SHELL + "@" + digest).ok();

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
}
