package dev.gantry.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gantry.bus.contract.storage.RegistryLogin;
import dev.gantry.bus.fault.FaultException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;

/** Where logins are looked for, and which of them is handed over. */
class LoginsTest {
    @TempDir Path home;

    private Optional<RegistryLogin> docker(String json, String image) throws IOException {
        Files.createDirectories(home.resolve(".docker"));
        Files.writeString(home.resolve(".docker/config.json"), json);
        return new Logins(Map.of("HOME", home.toString()), "somebody").of(image);
    }

    private static String auths(String key, String login) {
        var auth = Base64.getEncoder().encodeToString(login.getBytes());
        return "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(key, auth);
    }

    @Test
    void namesWithoutARegistryAreOfDockerHub() throws IOException {
        var json = auths("https://index.docker.io/v1/", "me:pass:word");

        for (var image : new String[] {"alpine", "some/image:1", "docker.io/library/alpine"}) {
            assertThat(docker(json, image))
                    .contains(new RegistryLogin("docker.io", "me", "pass:word", ""));
        }
        assertThat(docker(json, "example.org/alpine")).isEmpty();
    }

    @Test
    void aLoginIsOfItsHostAndPortAlone() throws IOException {
        var json = auths("example.org:5000", "me:word");

        assertThat(docker(json, "example.org:5000/x"))
                .contains(new RegistryLogin("example.org:5000", "me", "word", ""));
        for (var image :
                new String[] {"example.org/x", "example.org:500/x", "x.example.org:5000/x", "x"}) {
            assertThat(docker(json, image)).isEmpty();
        }
    }

    @Test
    void theLongestPrefixOfANameCounts() throws IOException {
        var json =
                "{\"auths\": {\"example.org\": {\"auth\": \"YTox\"}, \"example.org/team\":"
                        + " {\"auth\": \"Yjox\"}, \"example.org/team/app\": {\"auth\": \"Yzox\"}}}";

        assertThat(docker(json, "example.org/team/app:1").orElseThrow().username()).isEqualTo("c");
        assertThat(docker(json, "example.org/team/application").orElseThrow().username())
                .isEqualTo("b");
        assertThat(docker(json, "example.org/teams/app").orElseThrow().username()).isEqualTo("a");
    }

    @Test
    void filesAreLookedAtInTheirOrder() throws IOException {
        var run = Files.createDirectories(home.resolve("run/containers"));
        Files.writeString(run.resolve("auth.json"), auths("one.org", "first:1"));
        var named = home.resolve("named.json");
        Files.writeString(named, auths("one.org", "named:1"));
        docker(auths("two.org", "second:2"), "x");
        var usual =
                Map.of("HOME", home.toString(), "XDG_RUNTIME_DIR", home.resolve("run").toString());
        var logins = new Logins(usual, "somebody");

        assertThat(logins.of("one.org/x").orElseThrow().username()).isEqualTo("first");
        assertThat(logins.of("two.org/x").orElseThrow().username()).isEqualTo("second");
        var alone = new Logins(Map.of("REGISTRY_AUTH_FILE", named.toString()), "somebody");
        assertThat(alone.of("one.org/x").orElseThrow().username()).isEqualTo("named");
        assertThat(alone.of("two.org/x")).isEmpty();
        assertThatThrownBy(
                        () ->
                                new Logins(Map.of("REGISTRY_AUTH_FILE", home + "/none"), "somebody")
                                        .of("x"))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("none: no such file");
    }

    @Test
    void anIdentityTokenIsTakenAsOne() throws IOException {
        var json = "{\"auths\": {\"example.org\": {\"identitytoken\": \"tok\"}}}";

        assertThat(docker(json, "example.org/x"))
                .contains(new RegistryLogin("example.org", "", "", "tok"));
    }

    @Test
    void whatCannotBeReadIsNamedWithoutItsSecrets() {
        for (var json :
                new String[] {
                    "{\"auths\": secret-word",
                    auths("a.org", "x").replace("eA==", "*secret-word*"),
                    "{\"auths\": {\"a.org\": {\"auth\": \"c2VjcmV0LXdvcmQ=\"}}}"
                }) {
            assertThatThrownBy(() -> docker(json, "a.org/x"))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining(".docker/config.json")
                    .hasMessageNotContaining("secret-word");
        }
    }

    @Test
    void aHelpersNameIsNoPath() {
        for (var name : new String[] {"../evil", "/bin/sh", "a b", "-x", ""}) {
            assertThatThrownBy(() -> new CredentialHelper(name)).isInstanceOf(FaultException.class);
        }
    }
}
