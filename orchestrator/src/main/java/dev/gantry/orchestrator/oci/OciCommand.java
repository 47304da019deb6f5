package dev.gantry.orchestrator.oci;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.service.Layout;
import dev.gantry.orchestrator.invocation.Invocation;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** The command {@code gantry-oci} and its global options. */
@Command(
        name = "gantry-oci",
        description = "An OCI runtime on top of Gantry's services; used in place of runc or crun.",
        versionProvider = VersionText.class)
public final class OciCommand implements Callable<Integer> {
    private static final Map<String, Supplier<Object>> COMMANDS = new LinkedHashMap<>();
    private static final List<String> WITH_VALUE =
            List.of("--root", "--log", "--log-format", "--gantry", "--criu", "--rootless");

    static {
        COMMANDS.put("create", CreateCommand::new);
        COMMANDS.put("run", RunCommand::new);
        COMMANDS.put("start", LifeCommands.Start::new);
        COMMANDS.put("state", LifeCommands.State::new);
        COMMANDS.put("kill", LifeCommands.Kill::new);
        COMMANDS.put("delete", LifeCommands.Delete::new);
        COMMANDS.put("exec", ExecCommand::new);
        COMMANDS.put("pause", LifeCommands.Pause::new);
        COMMANDS.put("resume", LifeCommands.Resume::new);
        COMMANDS.put("list", LookCommands.ListContainers::new);
        COMMANDS.put("ps", LookCommands.Processes::new);
        COMMANDS.put("events", EventsCommand::new);
        COMMANDS.put("update", UpdateCommand::new);
        COMMANDS.put("spec", SpecCommand::new);
        COMMANDS.put("features", FeaturesCommand::new);
        COMMANDS.put("checkpoint", AbsentCommands.Checkpoint::new);
        COMMANDS.put("restore", AbsentCommands.Restore::new);
    }

    @Spec CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "show this help")
    boolean help;

    @Option(
            names = {"-v", "--version"},
            versionHelp = true,
            description = "print the version")
    boolean version;

    @Option(
            names = "--root",
            paramLabel = "DIR",
            description = {
                "where the state of containers is kept",
                "(default: /run/gantry-oci; with --gantry, DIR/oci)"
            })
    Path root;

    @Option(names = "--log", paramLabel = "FILE", description = "write errors to FILE too")
    Path log;

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "of the log: text or json (default: ${DEFAULT-VALUE})")
    String logFormat;

    @Option(names = "--debug", description = "tell what is done, in the log or on standard error")
    boolean debug;

    @Option(
            names = "--systemd-cgroup",
            description = "let systemd make cgroups; refused where systemd does not run")
    boolean systemdCgroup;

    @Option(names = "--rootless", hidden = true, paramLabel = "auto|true|false")
    String rootless;

    @Option(names = "--criu", hidden = true)
    String criu;

    @Option(
            names = "--gantry",
            paramLabel = "DIR",
            description = {
                "use the instance of Gantry below DIR instead of the system's",
                "(default: $GANTRY_ROOT)"
            })
    String gantry = Invocation.current().environment("GANTRY_ROOT").orElse("");

    private Services services;

    /** The command line with the subcommand that the arguments name, or with all of them. */
    static CommandLine line(OciCommand oci, String... arguments) {
        var line = new CommandLine(oci);
        line.setUsageHelpLongOptionsMaxWidth(36);
        var named = named(arguments);
        if (COMMANDS.containsKey(named)) {
            line.addSubcommand(COMMANDS.get(named).get());
        } else {
            COMMANDS.values().forEach(command -> line.addSubcommand(command.get()));
        }
        HelpPages.of(line);
        line.getSubcommands().forEach(HelpPages::of);
        for (var name : List.of("exec", "ps")) {
            if (line.getSubcommands().containsKey(name)) {
                // what follows the id is another command's
                line.getSubcommands().get(name).setStopAtPositional(true);
            }
        }
        return line;
    }

    /** The command that the arguments name, if there is none of that name. */
    static Optional<String> unknown(String... arguments) {
        return Optional.of(named(arguments))
                .filter(name -> !name.isEmpty() && !COMMANDS.containsKey(name));
    }

    private static String named(String... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (WITH_VALUE.contains(arguments[i])) {
                i++;
            } else if (!arguments[i].startsWith("-")) {
                return arguments[i];
            }
        }
        return "";
    }

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(), "no command is named; gantry-oci --help lists them");
    }

    /** The containers below {@code --root}. */
    Containers containers() {
        if (!"text".equals(logFormat) && !"json".equals(logFormat)) {
            throw FaultException.invalid("--log-format %s is neither text nor json", logFormat);
        }
        if (systemdCgroup) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "--systemd-cgroup: Gantry makes cgroups itself and asks no systemd for scopes;"
                            + " use the cgroupfs cgroup manager");
        }
        return new Containers(new StateStore(root()), this::services);
    }

    private Path root() {
        var chosen =
                root != null
                        ? root
                        : ownInstance()
                                ? Invocation.current().path(gantry).resolve("oci")
                                : Path.of("/run/gantry-oci");
        return chosen.normalize();
    }

    private boolean ownInstance() {
        return !gantry.isEmpty();
    }

    private synchronized Services services() {
        if (services == null) {
            services = Services.connectOrStart(layout());
        }
        return services;
    }

    private Layout layout() {
        return ownInstance()
                ? Layout.below(Invocation.current().path(gantry).normalize())
                : Layout.DEFAULT;
    }

    PrintWriter out() {
        return spec.commandLine().getOut();
    }

    synchronized void close() {
        if (services != null) {
            services.close();
            services = null;
        }
    }
}
