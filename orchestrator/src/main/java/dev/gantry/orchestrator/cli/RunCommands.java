package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.Callable;

/** {@code run} and {@code create}. */
final class RunCommands {
    private RunCommands() {}

    @Command(
            name = "run",
            mixinStandardHelpOptions = false,
            description = "Make a container of an image and run a command in it.")
    static final class Run implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;
        @Mixin RunOptions options;
        @Mixin PullOptions image = new PullOptions();

        @Option(names = "--help", usageHelp = true, description = "show this help")
        boolean help;

        @Option(
                names = {"-d", "--detach"},
                description = "print the container's id and let it run")
        boolean detach;

        @Option(
                names = "--detach-keys",
                paramLabel = "KEYS",
                description = "the keys that detach from a terminal, ctrl-p,ctrl-q unless told")
        String detachKeys = "ctrl-p,ctrl-q";

        @Option(names = "--cidfile", paramLabel = "FILE", description = "write the id to a file")
        Path cidFile;

        @Override
        public Integer call() {
            if (options.plan) {
                return plan(gantry, image, options.spec(detach));
            }
            var spec = options.spec(detach);
            var streams = new Streams(spec.tty(), spec.openStdin(), detachKeys);
            if (detach) {
                var created = image.withImage(gantry, spec.image(), () -> ask(true, spec));
                writeId(cidFile, created.id());
                gantry.out().println(created.id());
                gantry.out().flush();
                return 0;
            }
            streams.check();
            var created = image.withImage(gantry, spec.image(), () -> ask(false, spec));
            writeId(cidFile, created.id());
            return Foreground.run(gantry, created, streams, spec.autoRemove());
        }

        private dev.gantry.bus.contract.container.ContainerResult.Created ask(
                boolean start, ContainerSpec spec) {
            return start
                    ? gantry.engine().container(new ContainerOperation.Run(spec))
                    : gantry.engine().container(new ContainerOperation.Create(spec, false));
        }
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = false,
            description = "Make a container of an image without starting it.")
    static final class Create implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;
        @Mixin RunOptions options;
        @Mixin PullOptions image = new PullOptions();

        @Option(names = "--help", usageHelp = true, description = "show this help")
        boolean help;

        @Option(names = "--cidfile", paramLabel = "FILE", description = "write the id to a file")
        Path cidFile;

        @Override
        public Integer call() {
            var spec = options.spec(true);
            if (options.plan) {
                return plan(gantry, image, spec);
            }
            var created =
                    image.withImage(
                            gantry,
                            spec.image(),
                            () ->
                                    gantry.engine()
                                            .container(new ContainerOperation.Create(spec, false)));
            writeId(cidFile, created.id());
            gantry.out().println(created.id());
            gantry.out().flush();
            return 0;
        }
    }

    private static int plan(GantryCommand gantry, PullOptions image, ContainerSpec spec) {
        var created =
                image.withImage(
                        gantry,
                        spec.image(),
                        () -> gantry.engine().container(new ContainerOperation.Create(spec, true)));
        PlanPrinter.print(gantry.out(), created.steps(), false);
        return 0;
    }

    private static void writeId(Path file, String id) {
        if (file == null) {
            return;
        }
        try {
            Files.writeString(file, id, StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "--cidfile %s cannot be written for container %s: %s",
                    file,
                    id,
                    e);
        }
    }
}
