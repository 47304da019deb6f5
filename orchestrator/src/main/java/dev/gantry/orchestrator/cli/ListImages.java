package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Image;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/** {@code images} and {@code image ls}. */
@Command(mixinStandardHelpOptions = true, description = "List images, latest first.")
final class ListImages implements Callable<Integer> {
    @ParentCommand Above above;

    @Option(
            names = {"-a", "--all"},
            description = "those without a name, too, that others were made from")
    boolean all;

    @Option(names = "--digests", description = "with the digests of the manifests")
    boolean digests;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "by " + ImageFilters.KEYS)
    List<String> filters = List.of();

    @Option(
            names = {"-q", "--quiet"},
            description = "ids only")
    boolean quiet;

    @Option(names = "--no-trunc", description = "whole ids")
    boolean noTrunc;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "json, text with {{.Repository}}:{{.Tag}}, or table and such text")
    String format;

    @Parameters(arity = "0..1", paramLabel = "NAME[:TAG]", description = "only those of a name")
    String name;

    @Override
    public Integer call() {
        var gantry = above.gantry();
        var everything = gantry.engine().storage(new StorageOperation.Images()).images();
        var filter =
                ImageFilters.of(
                        filters,
                        image -> gantry.engine().storage(new StorageOperation.Inspect(image)));
        var images =
                everything.stream()
                        .filter(image -> all || !image.intermediate())
                        .filter(filter)
                        .filter(image -> name == null || !names(image).isEmpty())
                        .sorted(Comparator.comparingLong(Image::created).reversed())
                        .toList();
        var out = gantry.out();
        if (quiet) {
            images.forEach(i -> out.println(noTrunc ? i.id() : LookCommands.shortId(i.id())));
            out.flush();
            return 0;
        }
        var columns = new ArrayList<>(List.of("Repository", "Tag", "ID", "CreatedSince", "Size"));
        if (digests) {
            columns.add(2, "Digest");
        }
        var rows = new Rows(columns.toArray(String[]::new)).titled("ID", "IMAGE ID");
        for (var image : images) {
            var names = names(image);
            (names.isEmpty() ? List.of("") : names)
                    .forEach(as -> rows.add(ImageRows.row(image, as, noTrunc)));
        }
        rows.print(out, format);
        return 0;
    }

    /** Its names that are asked for. */
    private List<String> names(Image image) {
        Predicate<String> asked =
                as -> name == null || as.equals(name) || ImageRows.repository(as).equals(name);
        return image.references().stream().filter(asked.and(ImageFilters.names(filters))).toList();
    }
}
