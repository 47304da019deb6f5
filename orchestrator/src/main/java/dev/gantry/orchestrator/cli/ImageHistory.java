package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.time.Instant;
import java.util.concurrent.Callable;

/**
 * {@code history}: the steps of an image, latest first; an intermediate image that is here by id.
 */
@Command(
        mixinStandardHelpOptions = true,
        description = "List the layers of an image and what made them.")
final class ImageHistory implements Callable<Integer> {
    private static final int LONGEST_COMMAND = 45;

    @ParentCommand Above above;

    @Option(names = "--no-trunc", description = "whole ids and commands")
    boolean noTrunc;

    @Option(
            names = {"-q", "--quiet"},
            description = "ids only")
    boolean quiet;

    @Option(
            names = {"-H", "--human"},
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "sizes and times for people; with --no-human in bytes and RFC 3339")
    boolean human;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "json, text with {{.ID}} {{.CreatedBy}}, or table and such text")
    String format;

    @Parameters(paramLabel = "IMAGE", description = "name or id")
    String image;

    @Override
    public Integer call() {
        var gantry = above.gantry();
        var rows =
                new Rows("ID", "CreatedSince", "CreatedBy", "Size", "Comment")
                        .titled("ID", "IMAGE");
        for (var line : gantry.engine().storage(new StorageOperation.History(image)).history()) {
            var row = Json.mapper().createObjectNode();
            var at = line.created() == 0 ? "" : Instant.ofEpochSecond(line.created()).toString();
            row.put(
                    "ID",
                    line.image()
                            .map(id -> noTrunc ? id : LookCommands.shortId(id))
                            .orElse("<missing>"));
            row.put("CreatedAt", at);
            row.put(
                    "CreatedSince",
                    line.created() == 0 ? "-" : human ? Sizes.ago(line.created()) : at);
            row.put("CreatedBy", shown(line.createdBy()));
            row.put("Size", human ? Sizes.human(line.sizeBytes()) : "" + line.sizeBytes());
            row.put("Comment", line.comment());
            row.put("Layer", line.layer().orElse(""));
            rows.add(row);
        }
        rows.print(gantry.out(), quiet ? "{{.ID}}" : format);
        return 0;
    }

    private String shown(String command) {
        var line = command.replaceAll("\\s+", " ").strip();
        return noTrunc || line.length() <= LONGEST_COMMAND
                ? line
                : line.substring(0, LONGEST_COMMAND - 1) + "…";
    }
}
