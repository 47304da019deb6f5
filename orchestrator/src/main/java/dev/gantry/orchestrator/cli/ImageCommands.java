package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

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
    private ImageCommands() {}

    /** {@code image} and what is below it. */
    static CommandLine group() {
        return new CommandLine(new Group())
                .addSubcommand("pull", new PullCommand())
                .addSubcommand("push", new PushCommand())
                .addSubcommand("save", new SaveCommand())
                .addSubcommand("load", new LoadCommand())
                .addSubcommand("import", new ImportCommand())
                .addSubcommand("ls", new ListImages())
                .addSubcommand("outdated", new OutdatedImages.Outdated())
                .addSubcommand("update", new OutdatedImages.Update())
                .addSubcommand("prune", new PruneCommands.Images())
                .addSubcommand("rm", new Remove())
                .addSubcommand("inspect", new Inspect())
                .addSubcommand("history", new ImageHistory())
                .addSubcommand("tag", new Tag());
    }

    @Command(
            name = "image",
            mixinStandardHelpOptions = true,
            description =
                    "Images: pull, push, save, load, import, ls, outdated, update, prune, rm,"
                            + " inspect, history, tag.")
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

    @Command(mixinStandardHelpOptions = true, description = "Remove images.")
    static final class Remove implements Callable<Integer> {
        @ParentCommand Above above;

        @Option(
                names = {"-f", "--force"},
                description =
                        "by id with all names; one on which a container stands loses its names; an"
                                + " absent one is no error")
        boolean force;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            var gantry = above.gantry();
            int failed = 0;
            for (var image : images) {
                try {
                    var removed =
                            gantry.engine().storage(new StorageOperation.RemoveImage(image, force));
                    removed.untagged().forEach(name -> gantry.out().println("Untagged: " + name));
                    removed.deleted().forEach(digest -> gantry.out().println("Deleted: " + digest));
                } catch (FaultException e) {
                    if (force && e.fault().code() == FaultCode.NOT_FOUND) {
                        continue;
                    }
                    gantry.out().flush();
                    Invocation.current().err().println("gantry: " + e.getMessage());
                    failed = 1;
                }
            }
            gantry.out().flush();
            return failed;
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
                description = "text with {{.Id}} or {{json .Config}}")
        String format;

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        List<String> images;

        @Override
        public Integer call() {
            var engine = above.gantry().engine();
            var template = format == null ? null : new Template(format);
            var found = images.stream().map(name -> ImageDocuments.of(engine, name)).toList();
            var out = above.gantry().out();
            if (template == null) {
                out.println(Template.json(found, true));
            } else {
                found.forEach(image -> out.println(template.apply(image)));
            }
            out.flush();
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
