package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.BuildOperation;
import dev.gantry.bus.contract.container.BuildResult;
import dev.gantry.bus.contract.container.BuildSpec;
import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.fault.Fault;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** {@code build}: an image by a Dockerfile. */
@Command(
        name = "build",
        mixinStandardHelpOptions = true,
        description = "Build an image by a Dockerfile.")
final class BuildCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;
    private static final long WAIT_MILLIS = 10_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @ParentCommand Above above;

    @Option(
            names = {"-t", "--tag"},
            paramLabel = "NAME",
            description = "a name for the image")
    List<String> tags = List.of();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "the Dockerfile, PATH/Dockerfile unless told; - is standard input")
    String file;

    @Option(
            names = "--build-arg",
            paramLabel = "NAME[=VALUE]",
            description = "a value for an ARG; without one, that of this environment")
    List<String> buildArgs = List.of();

    @Option(names = "--target", paramLabel = "STAGE", description = "the stage to build")
    String target;

    @Option(names = "--no-cache", description = "carry out every step")
    boolean noCache;

    @Option(names = "--pull", description = "ask registries for newer images of FROM")
    boolean pull;

    @Option(names = "--label", paramLabel = "KEY=VALUE", description = "a label of the image")
    List<String> labels = List.of();

    @Option(names = "--platform", paramLabel = "OS/ARCH", description = "the image's platform")
    String platform;

    @Option(
            names = "--progress",
            paramLabel = "auto|plain|tty|quiet",
            description = "how progress is shown")
    String progress = "auto";

    @Option(
            names = {"-q", "--quiet"},
            description = "print the image's id only")
    boolean quiet;

    @Option(
            names = "--secret",
            paramLabel = "id=ID[,src=FILE|,env=NAME]",
            description = "a secret that steps may mount")
    List<String> secrets = List.of();

    @Option(
            names = "--network",
            paramLabel = "NAME",
            description = "the network of RUN: a network's name, none, host")
    String network;

    @Option(
            names = "--iidfile",
            paramLabel = "FILE",
            description = "write the image's id to a file")
    Path idFile;

    @Parameters(
            index = "0",
            paramLabel = "PATH",
            description = "the context, a directory; - reads a Dockerfile or a tar of a context")
    String path;

    private final AtomicBoolean interrupted = new AtomicBoolean();
    private final AtomicReference<String> going = new AtomicReference<>();

    @Override
    public Integer call() {
        var gantry = above.gantry();
        var printer = BuildProgress.of(quiet ? "quiet" : progress);
        var arguments = arguments();
        var secretFiles = BuildSecrets.read(secrets);
        try (var context = BuildContext.open(gantry, path, Optional.ofNullable(file))) {
            var pulled = new HashMap<String, String>();
            while (true) {
                var spec = spec(context, arguments, secretFiles, pulled);
                var lines = follow(gantry, spec, printer);
                var missing = lines.failure().filter(BuildCommand::isMissing).map(Fault::subject);
                if (missing.isEmpty() || interrupted.get() || pulled.containsKey(missing.get())) {
                    return outcome(gantry, lines);
                }
                pulled.put(missing.get(), pull(gantry, missing.get()));
            }
        }
    }

    /** Pulls what a build has asked for; a foreign platform's takes nobody's name away. */
    private String pull(GantryCommand gantry, String missing) {
        int blank = missing.indexOf(' ');
        var pulling = new Pulling(gantry, gantry.err(), 2, quiet);
        return blank < 0
                ? pulling.pull(missing, Optional.empty())
                : pulling.pullNameless(missing.substring(0, blank), missing.substring(blank + 1));
    }

    private static boolean isMissing(Fault fault) {
        return fault.operation().equals(BuildSpec.MISSING_IMAGE)
                && !fault.subject().startsWith("sha256:");
    }

    private BuildSpec spec(
            BuildContext context,
            Map<String, String> arguments,
            Map<String, byte[]> secretFiles,
            Map<String, String> pulled) {
        return new BuildSpec(
                context.dockerfile(),
                context.file(),
                context.directory(),
                context.ignored(),
                tags,
                arguments,
                OptionSyntax.pairs("--label", labels, true),
                Optional.ofNullable(target),
                Optional.ofNullable(platform),
                noCache,
                pull,
                pulled,
                Optional.ofNullable(network),
                secretFiles);
    }

    private BuildResult.Lines follow(GantryCommand gantry, BuildSpec spec, BuildProgress printer) {
        var engine = gantry.engine();
        var begun = ask(engine, new BuildOperation.Begin(spec));
        if (going.getAndSet(begun.build()) == null) {
            for (var signal : List.of("INT", "TERM", "HUP")) {
                Invocation.current().onSignal(signal, () -> cancel(engine));
            }
        }
        printer.begin(begun.stages());
        long last = 0;
        while (true) {
            var wait = Math.min(WAIT_MILLIS, printer.patienceMillis());
            var lines = ask(engine, new BuildOperation.Follow(begun.build(), last, wait));
            printer.lines(lines.lines());
            last = lines.lines().isEmpty() ? last : lines.lines().getLast().number();
            if (lines.ended()) {
                printer.end(lines.failure().isPresent());
                return lines;
            }
        }
    }

    private int outcome(GantryCommand gantry, BuildResult.Lines lines) {
        if (interrupted.get() && lines.failure().isPresent()) {
            gantry.err().println("gantry: the build was interrupted; nothing of it runs any more");
            gantry.err().flush();
            return INTERRUPTED;
        }
        lines.failure()
                .ifPresent(
                        fault -> {
                            throw new FaultException(fault);
                        });
        var id = lines.image().orElseThrow();
        if (idFile != null) {
            try {
                Files.writeString(idFile, id);
            } catch (IOException e) {
                throw FaultException.invalid("--iidfile %s cannot be written: %s", idFile, e);
            }
        }
        gantry.out().println(id);
        gantry.out().flush();
        return 0;
    }

    private void cancel(Engine engine) {
        if (interrupted.compareAndSet(false, true)) {
            ask(engine, new BuildOperation.Cancel(going.get()));
        }
    }

    private static <R> R ask(Engine engine, BuildOperation<R> operation) {
        return engine.ask(
                ContainerOperation.CONTRACT, new ContainerOperation.Build<>(operation), PATIENCE);
    }

    private Map<String, String> arguments() {
        var environment = Invocation.current().environment();
        var all = new LinkedHashMap<String, String>();
        for (var text : buildArgs) {
            int equals = text.indexOf('=');
            var name = equals < 0 ? text : text.substring(0, equals);
            if (!name.matches("[a-zA-Z_][a-zA-Z0-9_]*")) {
                throw FaultException.invalid(
                        "--build-arg %s is not NAME[=VALUE]", Names.quote(text));
            }
            if (equals >= 0) {
                all.put(name, text.substring(equals + 1));
            } else if (environment.containsKey(name)) {
                all.put(name, environment.get(name));
            }
        }
        var epoch = environment.get("SOURCE_DATE_EPOCH");
        if (epoch != null) {
            all.putIfAbsent("SOURCE_DATE_EPOCH", epoch);
        }
        return all;
    }
}
