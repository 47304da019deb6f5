package dev.gantry.bus.kit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.CallOptions;
import dev.gantry.bus.Reply;
import dev.gantry.bus.contract.storage.BuildFiles;
import dev.gantry.bus.contract.storage.BuildRecipe;
import dev.gantry.bus.contract.storage.BuildStep;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Image;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.wire.Json;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What every implementation of {@code storage.v1} must do for the builds of images. */
public abstract class StorageBuildKit {
    private static final CallOptions PATIENT = CallOptions.within(Duration.ofSeconds(60));
    private static final long TIME = 1_700_000_000L;

    @TempDir Path host;
    private Path context;

    /** A bus with the implementation behind it, empty. */
    protected abstract Bus bus();

    @BeforeEach
    void makeContext() throws IOException {
        context = Files.createDirectories(host.resolve("context/sub/deep"));
        context = host.resolve("context");
        Files.writeString(context.resolve("a.txt"), "a\n");
        Files.writeString(context.resolve("sub/b.txt"), "b\n");
        Files.writeString(context.resolve("sub/deep/c.log"), "c\n");
        Files.writeString(host.resolve("canary"), "canary\n");
    }

    private <R> R ask(BuildStep<R> step) {
        return bus().ask(StorageOperation.CONTRACT, new StorageOperation.Build<>(step), PATIENT);
    }

    private Fault refusal(BuildStep<?> step) {
        var operation = new StorageOperation.Build<>(step);
        var reply = bus().call(StorageOperation.CONTRACT, operation, PATIENT).join();
        assertThat(reply).isInstanceOf(Reply.Failed.class);
        return ((Reply.Failed<?>) reply).fault();
    }

    private BuildFiles files(String destination, List<String> ignored, String... paths) {
        return new BuildFiles(
                Optional.of(new BuildFiles.Context(context.toString(), ignored)),
                List.of(paths),
                List.of(),
                destination,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                false,
                false);
    }

    private static BuildRecipe recipe(Optional<Image> base, String createdBy) {
        ObjectNode config = Json.mapper().createObjectNode();
        config.putArray("Cmd").add("sh");
        config.putObject("Healthcheck").putArray("Test").add("NONE");
        return new BuildRecipe(
                base.map(Image::digest),
                config,
                List.of("a step without a layer"),
                createdBy,
                "somebody",
                TIME,
                0,
                Optional.of(TIME),
                Optional.empty(),
                Optional.empty());
    }

    @Test
    void filesBecomeALayerWithItsLineOfHistory() {
        var made =
                ask(
                        new BuildStep.Add(
                                recipe(Optional.empty(), "COPY"),
                                files("/d/", List.of("**/*.log"), "a.txt", "sub")));
        var image = made.image().orElseThrow();

        var described = ask(new BuildStep.Describe(image.digest()));
        assertThat(described.document().path("history")).hasSize(2);
        assertThat(described.document().path("history").get(0).path("empty_layer").asBoolean())
                .isTrue();
        assertThat(described.document().path("history").get(1).path("created_by").asText())
                .isEqualTo("COPY");
        assertThat(described.document().path("config").path("Healthcheck").path("Test")).hasSize(1);
        assertThat(described.document().path("author").asText()).isEqualTo("somebody");
        assertThat(described.document().path("created").asText()).isEqualTo("2023-11-14T22:13:20Z");
        // And what is there already is no layer
        var nothing =
                ask(
                        new BuildStep.Add(
                                recipe(Optional.of(image), "WORKDIR"),
                                BuildFiles.directory("/d/deep")));
        assertThat(nothing.image()).isEmpty();
    }

    @Test
    void theSameFilesAreTheSameDigestWhateverTheirTimes() throws IOException {
        var files = files("/", List.of(), "sub");
        var first = ask(new BuildStep.Digest(files));

        Files.setLastModifiedTime(context.resolve("sub/b.txt"), FileTime.fromMillis(1));
        assertThat(ask(new BuildStep.Digest(files))).isEqualTo(first);
        assertThat(ask(new BuildStep.Add(recipe(Optional.empty(), "COPY"), files)).content())
                .isEqualTo(first.digest());

        context.resolve("sub/b.txt").toFile().setExecutable(true);
        assertThat(ask(new BuildStep.Digest(files))).isNotEqualTo(first);
    }

    @Test
    void noLinkLeadsOutOfAContext() throws IOException {
        Files.createSymbolicLink(context.resolve("absolute"), host.resolve("canary"));
        Files.createSymbolicLink(context.resolve("upwards"), Path.of("../canary"));
        Files.createSymbolicLink(context.resolve("directory"), host);
        Files.createSymbolicLink(context.resolve("loop"), Path.of("loop"));

        for (var path : List.of("absolute", "upwards", "directory/canary", "../canary", "loop")) {
            var fault = refusal(new BuildStep.Digest(files("/", List.of(), path)));
            assertThat(fault.code()).as(path).isIn(FaultCode.NOT_FOUND, FaultCode.INVALID_ARGUMENT);
        }
        // In a directory they are links, and nothing is read through them
        var offered = ask(new BuildStep.Offer("kit-offer", files("/", List.of(), "."))).path();
        assertThat(Files.readSymbolicLink(Path.of(offered, "absolute")))
                .isEqualTo(host.resolve("canary"));
        ask(new BuildStep.Forget(List.of("kit-offer")));
        assertThat(Path.of(offered)).doesNotExist();
    }

    @Test
    void aFileThatHidesOthersOrIsNoFileIsRefused() throws IOException {
        Files.writeString(context.resolve(".wh.passwd"), "");
        assertThat(
                        refusal(
                                        new BuildStep.Add(
                                                recipe(Optional.empty(), "COPY"),
                                                files("/", List.of(), ".")))
                                .message())
                .contains("whiteout");
    }

    @Test
    void anImageByItsConfigurationAloneHasTheLayersOfItsBase() {
        var base =
                ask(new BuildStep.Add(
                                recipe(Optional.empty(), "COPY"), files("/", List.of(), "a.txt")))
                        .image();

        var image = ask(new BuildStep.Configure(recipe(base, ""))).image().orElseThrow();

        assertThat(image.layers()).isEqualTo(base.orElseThrow().layers());
        assertThat(image.id()).isNotEqualTo(base.orElseThrow().id());
        var gone = "sha256:" + "0".repeat(64);
        var without =
                new BuildRecipe(
                        Optional.of(gone),
                        Json.mapper().createObjectNode(),
                        List.of(),
                        "",
                        "",
                        TIME,
                        0,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        assertThat(refusal(new BuildStep.Configure(without)).code()).isEqualTo(FaultCode.NOT_FOUND);
    }

    @Test
    void aSecretIsAFileUntilItIsForgotten() throws IOException {
        var content = "secret".getBytes(StandardCharsets.UTF_8);

        var path = ask(new BuildStep.Secret("kit-secret", content, 0, 0, 0400)).path();

        assertThat(Path.of(path)).hasContent("secret");
        ask(new BuildStep.Forget(List.of("kit-secret", "kit-never")));
        assertThat(Path.of(path)).doesNotExist();
    }
}
