package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.build.ConfigChanges;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code import} and {@code image import}: an image of files that are there. */
@Command(
        mixinStandardHelpOptions = true,
        description = "Make an image of a root file system or an OCI image layout.")
final class ImportCommand implements Callable<Integer> {
    private static final List<String> ELSEWHERE = List.of("Shell", "OnBuild", "Healthcheck");

    @ParentCommand Above above;

    @Option(
            names = {"-c", "--change"},
            paramLabel = "INSTRUCTION",
            description = "of a Dockerfile, for example 'ENV A=b' or 'CMD [\"sh\"]'")
    List<String> changes = List.of();

    @Option(
            names = {"-m", "--message"},
            paramLabel = "TEXT",
            description = "a comment")
    String comment = "";

    @Option(
            names = "--cmd",
            paramLabel = "WORD",
            description = "a word of the command that its containers run")
    List<String> cmd = List.of();

    @Option(
            names = {"-e", "--env"},
            paramLabel = "KEY=VALUE",
            description = "an environment variable of its containers")
    List<String> env = List.of();

    @Parameters(
            index = "0",
            paramLabel = "PATH|-",
            description =
                    "a root file system (directory, tar, - for a tar from standard input) or an OCI"
                            + " image layout directory")
    Path path;

    @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "its name")
    String reference;

    @Override
    public Integer call() {
        var gantry = above.gantry();
        var config = config();
        var imported =
                path.toString().equals("-") ? fromInput(config) : from(path.normalize(), config);
        imported.notes().forEach(note -> gantry.err().println("gantry: " + note));
        imported.images().forEach(image -> gantry.out().println(image.id()));
        gantry.err().flush();
        gantry.out().flush();
        return 0;
    }

    private StorageResult.Images from(Path source, Optional<ImageConfig> config) {
        return above.gantry()
                .engine()
                .storage(
                        new StorageOperation.Import(
                                source.toString(),
                                Optional.ofNullable(reference),
                                config,
                                comment));
    }

    /** What comes in is a file first: its compression is told by its beginning. */
    private StorageResult.Images fromInput(Optional<ImageConfig> config) {
        try {
            var file = Files.createTempFile(Path.of("/var/tmp"), "gantry-import-", ".tar");
            try {
                Files.copy(Invocation.current().in(), file, StandardCopyOption.REPLACE_EXISTING);
                return from(file, config);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<ImageConfig> config() {
        if (cmd.isEmpty() && env.isEmpty() && changes.isEmpty()) {
            return Optional.empty();
        }
        var start = Json.mapper().createObjectNode();
        if (!cmd.isEmpty()) {
            start.set("Cmd", Json.mapper().valueToTree(cmd));
        }
        if (!env.isEmpty()) {
            start.set("Env", Json.mapper().valueToTree(env));
        }
        var changed = ConfigChanges.apply(start, "--change", changes);
        for (var key : ELSEWHERE) {
            if (changed.has(key)) {
                throw FaultException.of(
                        FaultCode.UNSUPPORTED,
                        "--change: %s of an import is not kept; make it with gantry build",
                        key.toUpperCase(java.util.Locale.ROOT));
            }
        }
        var stop = changed.path("StopSignal").asText("");
        return Optional.of(
                new ImageConfig(
                        changed.path("User").asText(""),
                        texts(changed.path("Env")),
                        texts(changed.path("Entrypoint")),
                        texts(changed.path("Cmd")),
                        changed.path("WorkingDir").asText(""),
                        map(changed.path("Labels")),
                        keys(changed.path("ExposedPorts")),
                        keys(changed.path("Volumes")),
                        stop.isEmpty() ? Optional.empty() : Optional.of(stop)));
    }

    private static List<String> texts(JsonNode array) {
        var texts = new ArrayList<String>();
        array.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    private static List<String> keys(JsonNode object) {
        var keys = new ArrayList<String>();
        object.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static Map<String, String> map(JsonNode object) {
        var map = new LinkedHashMap<String, String>();
        object.properties().forEach(e -> map.put(e.getKey(), e.getValue().asText()));
        return map;
    }
}
