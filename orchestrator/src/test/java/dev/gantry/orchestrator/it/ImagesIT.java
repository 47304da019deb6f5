package dev.gantry.orchestrator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The commands about images, as people use Docker's and Podman's. */
@RequiresRoot
class ImagesIT {
    private static GantryInstance gantry;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
        gantry.gantry("run", "--rm", "--network", "none", "host-shell", "true").ok();
    }

    @AfterAll
    static void down() {
        gantry.close();
    }

    private static String out(String... arguments) {
        return gantry.gantry(arguments).ok().out().strip();
    }

    @Test
    void imagesAreListedFilteredAndRemovedByNameAndId() {
        // Given an image of three names in two repositories
        for (var name : new String[] {"listed/one:1", "listed/one:2", "listed/two"}) {
            out("tag", "host-shell", name);
        }
        var id = out("images", "-q", "--no-trunc", "host-shell");

        // Then each name is a line, in the format asked for
        assertThat(id).startsWith("sha256:").hasSize(71);
        assertThat(
                        out(
                                "images",
                                "--filter",
                                "reference=listed/*",
                                "--format",
                                "{{.Repository}}:{{.Tag}}"))
                .isEqualTo("listed/one:1\nlisted/one:2\nlisted/two:latest");
        assertThat(out("images", "--digests", "listed/two").lines().toList().getFirst())
                .isEqualTo(
                        "REPOSITORY   TAG      DIGEST"
                                + " ".repeat(68)
                                + "IMAGE ID       CREATED        SIZE");
        assertThat(gantry.gantry("images", "--filter", "colour=red").err())
                .contains("\"colour\" is none of dangling");

        // And a name goes alone, but the image by its id only by force
        assertThat(out("rmi", "listed/one:1")).isEqualTo("Untagged: listed/one:1");
        var refused = gantry.gantry("rmi", id.substring(7, 19));
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.err()).contains("names in several repositories");
        out("rmi", "listed/one:2", "listed/two");
    }

    @Test
    void anImageInUseLosesItsNameByForceAndStaysUntilItsContainerIsGone() {
        out("tag", "host-shell", "inuse");
        out("create", "--name", "user", "--network", "none", "host-shell", "true");
        out("commit", "user", "inuse");
        out("rm", "user");
        out("create", "--name", "user", "--network", "none", "inuse", "true");

        var refused = gantry.gantry("rmi", "inuse");
        var forced = out("rmi", "-f", "inuse");

        assertThat(refused.err()).contains("is used by container");
        assertThat(forced).isEqualTo("Untagged: inuse:latest");
        assertThat(out("images", "-f", "dangling=true", "--format", "{{.Repository}}"))
                .contains("<none>");
        out("start", "user");
        out("wait", "user");
        out("rm", "user");
        assertThat(out("rmi", out("images", "-q", "-f", "dangling=true")))
                .contains("Deleted: sha256:");
        assertThat(out("rmi", "-f", "inuse")).isEmpty();
    }

    @Test
    void historyAndInspectTellWhatAnImageIsMadeOf() {
        out("create", "--name", "told", "--network", "none", "host-shell", "true");
        var id = out("commit", "-m", "no change", "told", "told");
        out("rm", "told");

        var base = out("images", "-q", "host-shell");
        assertThat(out("history", "--format", "{{.ID}} {{.Comment}}", "told"))
                .isEqualTo(id.substring(7, 19) + " no change\n" + base);
        assertThat(out("image", "inspect", "-f", "{{.Id}} {{json .RepoTags}} {{.Comment}}", "told"))
                .isEqualTo(id + " [\"told:latest\"] no change");
        assertThat(out("inspect", "-f", "{{json .Config.Cmd}} {{.RootFS.Type}}", "told"))
                .isEqualTo("[\"sh\"] layers");
        out("rmi", "told");
    }
}
