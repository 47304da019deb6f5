package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.concurrent.Callable;

/**
 * Commands about images. Most go by two names, {@code images} and {@code image ls} for example:
 * they have none of their own, but the one that {@link Commands} or {@link #group} gives them.
 */
final class ImageCommands {
    private static final int LONGEST_COMMAND = 45;

    private ImageCommands() {}

    /** {@code image} and what is below it. */
    static CommandLine group() {
        return new CommandLine(new Group())
                .addSubcommand("import", new ImportCommand())
                .addSubcommand("ls", new ListImages())
                .addSubcommand("rm", new Remove())
                .addSubcommand("inspect", new Inspect())
                .addSubcommand("history", new History())
                .addSubcommand("tag", new Tag());
    }

    @Command(
            name = "image",
            mixinStandardHelpOptions = true,
            description = "Images: import, ls, rm, inspect, history, tag.")
    static final class Group implements Callable<Integer>, Above {
        @ParentCommand GantryCommand gantry;

        @Override
        public GantryCommand gantry() {
            return gantry;
        }

        @Override
        public Integer call() {
            throw FaultException.invalid("image: no command is named; gantry image --help");
        }
    }

    @Command(mixinStandardHelpOptions = true, description = "List images.")
    static final class ListImages implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(
                names = {"-q", "--quiet"},
                description = "ids only")
        boolean quiet;

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "json, or text with {{.id}}")
        String format;

        @Override
        public Integer call() {
            var gantry = above.gantry();
            var images = gantry.engine().storage(new StorageOperation.Images()).images();
            var out = gantry.out();
            if (format != null) {
                var template = new Template(format);
                images.forEach(i -> out.println(template.apply(Json.mapper().valueToTree(i))));
            } else if (quiet) {
                images.forEach(i -> out.println(LookCommands.shortId(i.id())));
            } else {
                var table = new Table("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE");
                for (var image : images) {
                    var names =
                            image.references().isEmpty() ? List.of("<none>") : image.references();
                    names.forEach(name -> table.row(row(image, name)));
                }
                table.print(out);
            }
            out.flush();
            return 0;
        }

        private static List<String> row(StorageResult.Image image, String name) {
            int slash = name.lastIndexOf('/');
            int colon = name.lastIndexOf(':');
            boolean tagged = colon > slash;
            return List.of(
                    tagged ? name.substring(0, colon) : name,
                    tagged
                            ? name.substring(colon + 1)
                            : name.equals("<none>") ? "<none>" : "latest",
                    LookCommands.shortId(image.id()),
                    image.created() == 0 ? "-" : Sizes.ago(image.created()),
                    Sizes.human(image.sizeBytes()));
        }
    }

    @Command(mixinStandardHelpOptions = true, description = "Remove images.")
    static final class Remove implements Callable<Integer> {
        @ParentCommand Above above;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            var gantry = above.gantry();
            int failed = 0;
            for (var image : images) {
                try {
                    var removed = gantry.engine().storage(new StorageOperation.RemoveImage(image));
                    removed.untagged().forEach(name -> gantry.out().println("Untagged: " + name));
                    removed.deleted().forEach(digest -> gantry.out().println("Deleted: " + digest));
                } catch (FaultException e) {
                    gantry.out().flush();
                    System.err.println("gantry: " + e.getMessage());
                    failed = 1;
                }
            }
            gantry.out().flush();
            return failed;
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = "List the layers of an image and what made them.")
    static final class History implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(names = "--no-trunc", description = "whole commands")
        boolean noTrunc;

        @Parameters(paramLabel = "IMAGE", description = "name or id")
        String image;

        @Override
        public Integer call() {
            var gantry = above.gantry();
            var table = new Table("IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT");
            for (var line :
                    gantry.engine().storage(new StorageOperation.History(image)).history()) {
                var by = line.createdBy();
                table.row(
                        line.layer().map(LookCommands::shortId).orElse("<missing>"),
                        line.created() == 0 ? "-" : Sizes.ago(line.created()),
                        noTrunc || by.length() <= LONGEST_COMMAND
                                ? by
                                : by.substring(0, LONGEST_COMMAND - 1) + "…",
                        Sizes.human(line.sizeBytes()),
                        line.comment());
            }
            table.print(gantry.out());
            return 0;
        }
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = "Print everything that is known of images.")
    static final class Inspect implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(
                names = {"-f", "--format"},
                paramLabel = "FORMAT",
                description = "text with {{.id}} or {{json .config}}")
        String format;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            var engine = above.gantry().engine();
            var found =
                    images.stream()
                            .map(name -> engine.storage(new StorageOperation.Inspect(name)))
                            .toList();
            if (format == null) {
                above.gantry().out().println(Template.json(found, true));
            } else {
                var template = new Template(format);
                found.forEach(
                        i ->
                                above.gantry()
                                        .out()
                                        .println(template.apply(Json.mapper().valueToTree(i))));
            }
            above.gantry().out().flush();
            return 0;
        }
    }

    @Command(mixinStandardHelpOptions = true, description = "Give an image a further name.")
    static final class Tag implements Callable<Integer> {
        @ParentCommand Above above;

        @Parameters(index = "0", paramLabel = "IMAGE", description = "name or id")
        String image;

        @Parameters(index = "1", paramLabel = "NAME", description = "the further name")
        String reference;

        @Override
        public Integer call() {
            above.gantry().engine().storage(new StorageOperation.Tag(image, reference));
            return 0;
        }
    }
}
