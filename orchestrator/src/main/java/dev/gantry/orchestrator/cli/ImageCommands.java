package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.storage.ImageConfig;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Commands about images. */
final class ImageCommands {
    private ImageCommands() {}

    @Command(
            name = "image",
            mixinStandardHelpOptions = true,
            description = "Images: import, ls, rm, inspect, history, tag.",
            subcommands = {
                ImportInto.class,
                ListImages.class,
                RemoveImages.class,
                InspectImages.class,
                HistoryOf.class,
                TagImage.class
            })
    static final class Image implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Override
        public Integer call() {
            throw FaultException.invalid("image: no command is named; gantry image --help");
        }
    }

    /** Work that is done under {@code gantry X} and under {@code gantry image X}. */
    private static int list(GantryCommand gantry, boolean quiet, String format) {
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
                var names = image.references().isEmpty() ? List.of("<none>") : image.references();
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
                tagged ? name.substring(colon + 1) : name.equals("<none>") ? "<none>" : "latest",
                LookCommands.shortId(image.id()),
                image.created() == 0 ? "-" : Sizes.ago(image.created()),
                Sizes.human(image.sizeBytes()));
    }

    private static int remove(GantryCommand gantry, List<String> images) {
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

    private static int history(GantryCommand gantry, String image, boolean noTrunc) {
        var table = new Table("IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT");
        for (var line : gantry.engine().storage(new StorageOperation.History(image)).history()) {
            var by = line.createdBy();
            table.row(
                    line.layer().map(LookCommands::shortId).orElse("<missing>"),
                    line.created() == 0 ? "-" : Sizes.ago(line.created()),
                    noTrunc || by.length() <= 45 ? by : by.substring(0, 44) + "…",
                    Sizes.human(line.sizeBytes()),
                    line.comment());
        }
        table.print(gantry.out());
        return 0;
    }

    @Command(name = "images", mixinStandardHelpOptions = true, description = "List images.")
    static final class Images implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

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
            return list(gantry, quiet, format);
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "List images.")
    static final class ListImages implements Callable<Integer> {
        @ParentCommand Image image;

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
            return list(image.gantry, quiet, format);
        }
    }

    @Command(name = "rmi", mixinStandardHelpOptions = true, description = "Remove images.")
    static final class Remove implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            return remove(gantry, images);
        }
    }

    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove images.")
    static final class RemoveImages implements Callable<Integer> {
        @ParentCommand Image image;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            return remove(image.gantry, images);
        }
    }

    @Command(
            name = "history",
            mixinStandardHelpOptions = true,
            description = "List the layers of an image and what made them.")
    static final class History implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Option(names = "--no-trunc", description = "whole commands")
        boolean noTrunc;

        @Parameters(paramLabel = "IMAGE", description = "name or id")
        String image;

        @Override
        public Integer call() {
            return history(gantry, image, noTrunc);
        }
    }

    @Command(
            name = "history",
            mixinStandardHelpOptions = true,
            description = "List the layers of an image and what made them.")
    static final class HistoryOf implements Callable<Integer> {
        @ParentCommand Image parent;

        @Option(names = "--no-trunc", description = "whole commands")
        boolean noTrunc;

        @Parameters(paramLabel = "IMAGE", description = "name or id")
        String image;

        @Override
        public Integer call() {
            return history(parent.gantry, image, noTrunc);
        }
    }

    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            description = "Print everything that is known of images.")
    static final class InspectImages implements Callable<Integer> {
        @ParentCommand Image image;

        @Option(
                names = {"-f", "--format"},
                paramLabel = "FORMAT",
                description = "text with {{.id}} or {{json .config}}")
        String format;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            var engine = image.gantry.engine();
            var found =
                    images.stream()
                            .map(name -> engine.storage(new StorageOperation.Inspect(name)))
                            .toList();
            if (format == null) {
                image.gantry.out().println(Template.json(found, true));
            } else {
                var template = new Template(format);
                found.forEach(
                        i ->
                                image.gantry
                                        .out()
                                        .println(template.apply(Json.mapper().valueToTree(i))));
            }
            image.gantry.out().flush();
            return 0;
        }
    }

    @Command(
            name = "tag",
            mixinStandardHelpOptions = true,
            description = "Give an image a further name.")
    static final class Tag implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(index = "0", paramLabel = "IMAGE", description = "name or id")
        String image;

        @Parameters(index = "1", paramLabel = "NAME", description = "the further name")
        String reference;

        @Override
        public Integer call() {
            gantry.engine().storage(new StorageOperation.Tag(image, reference));
            return 0;
        }
    }

    @Command(
            name = "tag",
            mixinStandardHelpOptions = true,
            description = "Give an image a further name.")
    static final class TagImage implements Callable<Integer> {
        @ParentCommand Image parent;

        @Parameters(index = "0", paramLabel = "IMAGE", description = "name or id")
        String image;

        @Parameters(index = "1", paramLabel = "NAME", description = "the further name")
        String reference;

        @Override
        public Integer call() {
            parent.gantry.engine().storage(new StorageOperation.Tag(image, reference));
            return 0;
        }
    }

    /** The arguments of {@code import}. */
    static final class ImportArguments {
        @Option(
                names = {"-c", "--cmd"},
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
                paramLabel = "PATH",
                description =
                        "a root file system (directory, tar) or an OCI image layout directory")
        Path path;

        @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "its name")
        String reference;

        int run(GantryCommand gantry) {
            var config =
                    cmd.isEmpty() && env.isEmpty()
                            ? Optional.<ImageConfig>empty()
                            : Optional.of(
                                    new ImageConfig(
                                            null, env, null, cmd, null, null, null, null, null));
            var imported =
                    gantry.engine()
                            .storage(
                                    new StorageOperation.Import(
                                            path.toAbsolutePath().normalize().toString(),
                                            Optional.ofNullable(reference),
                                            config));
            imported.notes().forEach(note -> gantry.err().println("gantry: " + note));
            imported.images().forEach(image -> gantry.out().println(image.id()));
            gantry.err().flush();
            gantry.out().flush();
            return 0;
        }
    }

    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description = "Make an image of a root file system or an OCI image layout.")
    static final class Import implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;
        @picocli.CommandLine.Mixin ImportArguments arguments;

        @Override
        public Integer call() {
            return arguments.run(gantry);
        }
    }

    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description = "Make an image of a root file system or an OCI image layout.")
    static final class ImportInto implements Callable<Integer> {
        @ParentCommand Image image;
        @picocli.CommandLine.Mixin ImportArguments arguments;

        @Override
        public Integer call() {
            return arguments.run(image.gantry);
        }
    }

    @Command(
            name = "commit",
            mixinStandardHelpOptions = true,
            description = "Make an image of what a container changed.")
    static final class Commit implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Option(
                names = {"-m", "--message"},
                paramLabel = "TEXT",
                description = "a comment")
        String comment = "";

        @Parameters(index = "0", paramLabel = "CONTAINER", description = "id or name")
        String container;

        @Parameters(index = "1", paramLabel = "NAME", description = "the image's name")
        String reference;

        @Override
        public Integer call() {
            var id =
                    gantry.engine()
                            .container(new ContainerOperation.Inspect(container))
                            .container()
                            .path("Id")
                            .asText();
            var image =
                    gantry.engine().storage(new StorageOperation.Commit(id, reference, comment));
            gantry.out().println(image.id());
            gantry.out().flush();
            return 0;
        }
    }
}
