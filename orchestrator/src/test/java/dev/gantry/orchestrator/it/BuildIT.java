package dev.gantry.orchestrator.it;

import static dev.gantry.orchestrator.it.GantryInstance.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gantry.bus.testing.RequiresRoot;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@code gantry build}, as a user has it. */
@RequiresRoot
class BuildIT {
    private static final String DATE = "Sat 30 Mar 18:05:24 CET 2019";
    private static GantryInstance gantry;

    @TempDir Path context;

    @BeforeAll
    static void up() {
        gantry = GantryInstance.up();
    }

    @AfterAll
    static void down() {
        gantry.close();
    }

    private Path file(String name, String text) throws IOException {
        var path = context.resolve(name);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }

    private GantryInstance.Result build(String dockerfile, String... options) throws IOException {
        file("Dockerfile", dockerfile);
        var words = new ArrayList<>(List.of("build", "--progress", "plain"));
        words.addAll(Arrays.asList(options));
        words.add(context.toString());
        return gantry.gantry(words.toArray(String[]::new));
    }

    private String run(String image, String... command) {
        var words = new ArrayList<>(List.of("run", "--rm", "--network", "none", image));
        words.addAll(Arrays.asList(command));
        return gantry.gantry(words.toArray(String[]::new)).ok().out();
    }

    /** The ids of the images that steps came to, in order. */
    private static List<String> stages(GantryInstance.Result result) {
        return result.err()
                .lines()
                .filter(line -> line.startsWith("-->"))
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .toList();
    }

    private static long cached(GantryInstance.Result result) {
        return result.err().lines().filter(line -> line.contains("--> cached")).count();
    }

    @Test
    void imagesOnTheWayAreListedWithTheOthersOnlyWhereAllAreAskedFor() throws IOException {
        // Given an image whose last steps change its configuration alone
        var first = "FROM host-shell\nRUN echo way > /way\nENV A=1\nLABEL b=2\n";
        var way = stages(build(first, "-t", "listed").ok()).get(1);

        assertThat(gantry.gantry("images", "-q").ok().lines()).doesNotContain(way);
        assertThat(gantry.gantry("images", "-aq").ok().lines()).contains(way);

        // When its name goes to another that is made from the same
        var old = gantry.gantry("images", "-q", "listed").ok().lines().getFirst();
        build(first.replace("A=1", "A=2"), "-t", "listed").ok();

        // Then the old one dangles, and what both were made from does not
        assertThat(gantry.gantry("images", "-q").ok().lines()).contains(old).doesNotContain(way);
    }

    @Test
    void theArticlesImageHasALayerForEachOfItsLines() throws IOException {
        // Given the Dockerfile of "Distribution: the union file system"
        var text =
                """
                FROM host-shell
                # Create a test directory
                RUN mkdir /test
                # Create a bunch of spam files
                RUN echo DATE > /test/a
                RUN echo DATE > /test/b
                RUN echo DATE > /test/c
                """;

        // When it is built
        var built = build(text.replace("DATE", DATE), "-t", "article").ok();

        // Then there are five layers, four of them made by its lines
        var base = gantry.gantry("image", "inspect", "host-shell").ok();
        var image = gantry.gantry("image", "inspect", "article").ok();
        assertThat(layers(image)).hasSize(layers(base).size() + 4);
        assertThat(layers(image).subList(0, layers(base).size())).isEqualTo(layers(base));
        var history = gantry.gantry("history", "--no-trunc", "article").ok().lines();
        assertThat(history.get(1)).contains("/bin/sh -c echo " + DATE + " > /test/c", " 29B");
        assertThat(history.get(2)).contains("/bin/sh -c echo " + DATE + " > /test/b", " 29B");
        assertThat(history.get(3)).contains("/bin/sh -c echo " + DATE + " > /test/a", " 29B");
        assertThat(history.get(4)).contains("/bin/sh -c mkdir /test", " 0B");

        // And an image on the way has the files of its time only
        var stages = stages(built);
        assertThat(stages).hasSize(5);
        assertThat(history.get(2)).contains(stages.get(3));
        assertThat(run(stages.get(3), "ls", "/test")).isEqualTo("a\nb\n");
        assertThat(run("article", "cat", "/test/a", "/test/c")).isEqualTo((DATE + "\n").repeat(2));
    }

    private static List<String> layers(GantryInstance.Result inspected) throws IOException {
        var layers = new ArrayList<String>();
        var json = Json.mapper().readTree(inspected.out());
        (json.isArray() ? json.get(0) : json)
                .path("RootFS")
                .path("Layers")
                .forEach(layer -> layers.add(layer.asText()));
        assertThat(layers).isNotEmpty();
        return layers;
    }

    @Test
    void theCacheHitsWhenNothingChangedAndMissesWhenSomethingThatMattersDid() throws IOException {
        var text =
                """
                FROM host-shell
                ARG WHO=nobody
                COPY a.txt /a.txt
                RUN echo $WHO > /who; cat /a.txt >> /who
                RUN echo last > /last
                """;
        file("a.txt", "a\n");
        var first = build(text, "-t", "cached").ok();

        // Nothing changed, and neither a new time nor another file in the context is a change
        Files.setLastModifiedTime(context.resolve("a.txt"), FileTime.fromMillis(1_000_000));
        file("b.txt", "b\n");
        var again = build(text, "-t", "cached").ok();
        assertThat(cached(again)).isEqualTo(3);
        assertThat(again.out()).isEqualTo(first.out());

        // A build argument: the COPY before its use stays
        assertThat(cached(build(text, "--build-arg", "WHO=me").ok())).isEqualTo(1);
        // The mode of a copied file
        Files.setPosixFilePermissions(
                context.resolve("a.txt"),
                java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-x---"));
        assertThat(cached(build(text).ok())).isZero();
        // Its content
        file("a.txt", "A\n");
        assertThat(cached(build(text, "-t", "changed").ok())).isZero();
        assertThat(run("changed", "cat", "/who")).isEqualTo("nobody\nA\n");
        // The text of the last line only
        assertThat(cached(build(text.replace("last > ", "final > ")).ok())).isEqualTo(2);
        // And whoever wants none gets none
        assertThat(cached(build(text, "--no-cache").ok())).isZero();
    }

    @Test
    void recordsSurviveARestartAndAreGivenUpWithTheirImages() throws IOException {
        var text = "FROM host-shell\nRUN echo restart > /restart\n";
        build(text, "-t", "kept").ok();

        gantry.gantry("services", "restart", "orchestrator").ok();
        assertThat(cached(build(text, "-t", "kept").ok())).isEqualTo(1);

        gantry.gantry("rmi", "kept").ok();
        assertThat(cached(build(text, "-t", "kept").ok())).isZero();
        assertThat(run("kept", "cat", "/restart")).isEqualTo("restart\n");
    }

    @Test
    void aStepThatFailsIsNamedWithItsLineAndNothingStays() throws IOException {
        var result = build("FROM host-shell\n\nRUN echo before; exit 3\nRUN true\n", "-t", "never");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("before\n")
                .contains("gantry: Dockerfile:3: RUN echo before; exit 3: exit code 3")
                .doesNotContain("RUN true");
        assertThat(gantry.gantry("ps", "-aq").ok().out()).isEmpty();
        assertThat(gantry.gantry("image", "inspect", "never").code()).isNotZero();
    }

    @Test
    void independentStagesAreBuiltAtTheSameTimeAndUnneededOnesNotAtAll() throws IOException {
        // Two stages, each of which ends only when the other has begun: they meet in a cache.
        var meet =
                "RUN --mount=type=cache,target=/meet,id=meet-$ID touch /meet/%s; for i in $(seq"
                        + " 600); do [ -e /meet/%s ] && exit 0; sleep 0.1; done; exit 1\n";
        var text =
                "FROM host-shell AS one\nARG ID\n"
                        + String.format(meet, "one", "two")
                        + "FROM host-shell AS two\nARG ID\n"
                        + String.format(meet, "two", "one")
                        + "FROM host-shell AS unneeded\nRUN exit 9\n"
                        + "FROM scratch\nCOPY --from=one /bin /one\nCOPY --from=two /bin /two\n";

        var result = build(text, "--build-arg", "ID=" + context.getFileName(), "--no-cache").ok();

        assertThat(result.err()).contains("[one ", "[two ").doesNotContain("unneeded");
    }

    @Test
    void oneEpochGivesOneDigest() throws IOException {
        var text =
                """
                FROM host-shell
                COPY a.txt /d/
                RUN mkdir /made && echo x > /made/x && rm /etc/group
                WORKDIR /w
                ENV A=b
                """;
        file("a.txt", "a\n");
        var environment = Map.of("SOURCE_DATE_EPOCH", "1700000000");
        file("Dockerfile", text);
        var first =
                gantry.gantry(environment, "build", "-q", "-t", "epoch", context.toString()).ok();
        var digest = digest(gantry, "epoch");
        // A clean store, other times of the files, the epoch as an argument
        Files.setLastModifiedTime(
                context.resolve("a.txt"), FileTime.fromMillis(1_800_000_000_000L));
        try (var other = GantryInstance.up()) {
            var second =
                    other.gantry(
                                    "build",
                                    "-q",
                                    "-t",
                                    "epoch",
                                    "--build-arg",
                                    "SOURCE_DATE_EPOCH=1700000000",
                                    context.toString())
                            .ok();
            assertThat(second.out()).isEqualTo(first.out());
            assertThat(digest(other, "epoch")).isEqualTo(digest);
        }
    }

    private static String digest(GantryInstance instance, String image) {
        var index = instance.root().resolve("state/storage-svc/index.json");
        try {
            var json = Json.mapper().readTree(Files.readString(index));
            for (var manifest : json.path("manifests")) {
                var name = manifest.path("annotations").path("org.opencontainers.image.ref.name");
                if (name.asText().equals(image + ":latest")) {
                    return manifest.path("digest").asText();
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("no image " + image);
    }

    @Test
    void mountsSecretsAndHeredocs() throws IOException {
        var secret = file("secret.txt", "very secret");
        file(".dockerignore", "secret.txt\n");
        file("in/file", "bound\n");
        var text =
                """
                FROM host-shell
                RUN --mount=type=secret,id=s,target=/s --mount=type=secret,id=no \\
                    cat /s | wc -c > /length; ls /run/secrets/no 2>/dev/null || echo none >> /length
                RUN --mount=type=bind,source=in,target=/mnt/in cat /mnt/in/file > /bound; touch /mnt/in/x || echo ro >> /bound
                RUN --mount=type=tmpfs,target=/mnt/t,size=65536 df /mnt/t | grep -c 64 > /tmpfs
                RUN <<EOF
                for i in 1 2; do
                  echo line $i >> /lines
                done
                EOF
                RUN <<'EOF'
                #!/bin/sh -e
                echo "$0" > /script
                EOF
                ENV WHO=me
                COPY <<one <<"two" /here/
                $WHO
                one
                $WHO
                two
                """;

        build(text, "-t", "mounts", "--secret", "id=s,src=" + secret).ok();

        assertThat(run("mounts", "cat", "/length", "/bound", "/lines", "/script"))
                .isEqualTo("11\nnone\nbound\nro\nline 1\nline 2\n/dev/pipes/EOF\n");
        assertThat(run("mounts", "cat", "/here/two")).isEqualTo("$WHO\n");
        assertThat(run("mounts", "cat", "/here/one")).isEqualTo("me\n");
        // Nothing of what was mounted is in the image, and the secret is nowhere on the disk
        assertThat(run("mounts", "sh", "-c", "ls -a /mnt /s /run/secrets 2>/dev/null | cat"))
                .doesNotContain("in", "secret");
        var found = gantry.host("grep", "-rl", "very secret", gantry.root().toString());
        assertThat(found.out()).isEmpty();
    }

    @Test
    void stepsAreOrdinaryContainersWithTheDefaultFilter() throws IOException {
        var result =
                build(
                        """
                        FROM host-shell
                        RUN grep Seccomp: /proc/self/status; unshare -r true || echo refused
                        RUN --network=none ip addr
                        """,
                        "--no-cache");

        assertThat(result.ok().err()).contains("Seccomp:\t2", "refused").doesNotContain("eth0");
        assertThat(build("FROM host-shell\nRUN --security=insecure true\n").err())
                .contains("Dockerfile:2: RUN --security=insecure is refused");
    }

    @Test
    void nothingOutsideOfTheContextIsReached() throws IOException {
        // Given a canary outside, and ways to it
        var canary = Files.createTempFile("canary", "");
        Files.writeString(canary, "canary\n");
        var outside = canary.toString();
        Files.createSymbolicLink(context.resolve("link"), canary);
        Files.createSymbolicLink(context.resolve("up"), Path.of("../../../../.."));
        var before = Files.getLastModifiedTime(canary);
        try {
            for (var line :
                    List.of(
                            "COPY ../../.." + outside + " /x",
                            "COPY link /x",
                            "COPY up" + outside + " /x",
                            "ADD link /x",
                            "RUN --mount=type=bind,source=link,target=/m cat /m",
                            "RUN --mount=type=bind,source=../..,target=/m cat /m" + outside,
                            "RUN --mount=type=bind,source=up,target=/m cat /m" + outside,
                            "RUN --mount=type=cache,id=../../../../etc,target=/c cat /c/passwd",
                            "RUN --mount=type=cache,target=/c,source=/etc cat /c/passwd",
                            "RUN --mount=type=bind,source=/,target=/proc cat /proc/x",
                            "RUN --mount=type=bind,source=/,target=/../.. true && cat "
                                    + outside)) {
                var result = build("FROM host-shell\n" + line + "\n");

                // Then it is refused by its line, and what is outside is seen by nobody
                assertThat(result.code()).as(line).isEqualTo(1);
                assertThat(result.err()).as(line).contains("Dockerfile:2: ");
                assertThat(result.err()).as(line).doesNotContain("canary\n", "root:x:0");
            }
            // A link is copied as a link, and leads nowhere but into the image
            build("FROM host-shell\nCOPY . /all/\n", "-t", "links").ok();
            assertThat(run("links", "readlink", "/all/link")).isEqualTo(outside + "\n");
            assertThat(Files.getLastModifiedTime(canary)).isEqualTo(before);
        } finally {
            Files.delete(canary);
        }
    }

    @Test
    void anInterruptEndsTheStepAndLeavesNothing() throws IOException, InterruptedException {
        file("Dockerfile", "FROM host-shell\nRUN echo begun; sleep 98765\n");
        var process =
                new ProcessBuilder(
                                gantry.commandLine(
                                        "build", "--progress", "plain", context.toString()))
                        .redirectErrorStream(true)
                        .start();
        var output = process.inputReader();
        for (var line = output.readLine(); !line.equals("begun"); line = output.readLine()) {
            assertThat(line).doesNotStartWith("gantry:");
        }

        process.toHandle().destroy();

        assertThat(process.waitFor()).isEqualTo(130);
        assertThat(gantry.gantry("ps", "-aq").ok().out()).isEmpty();
        eventually(
                "no process of the step is left",
                () ->
                        ProcessHandle.allProcesses()
                                .noneMatch(
                                        p -> p.info().commandLine().orElse("").contains("98765")));
    }

    @Test
    void aDockerfileOrAContextMayComeOnStandardInput() throws IOException {
        var alone =
                gantry.gantryWithInput(
                        "FROM host-shell\nRUN echo x > /x\n", "build", "-q", "-t", "alone", "-");
        assertThat(alone.ok().out()).startsWith("sha256:");
        var copies = gantry.gantryWithInput("FROM host-shell\nCOPY a /\n", "build", "-");
        assertThat(copies.err()).contains("Dockerfile:2: there is no context");

        file("sub/Dockerfile", "FROM host-shell\nCOPY one.txt /copied\n");
        file("one.txt", "1\n");
        var words =
                String.join(
                        " ",
                        gantry.commandLine(
                                "build", "-q", "-t", "tar", "-f", "sub/Dockerfile", "-"));
        GantryInstance.command("sh", "-c", "tar -C " + context + " -czf - . | " + words).ok();
        assertThat(run("tar", "cat", "/copied")).isEqualTo("1\n");
    }
}
