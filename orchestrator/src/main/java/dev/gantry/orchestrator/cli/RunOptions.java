package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.container.ContainerSpec;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The flags of {@code run} and {@code create}, and the container that they ask for. */
final class RunOptions {
    @Mixin ProcessOptions process = new ProcessOptions();
    @Mixin FileOptions files = new FileOptions();
    @Mixin NetworkOptions network = new NetworkOptions();
    @Mixin SecurityOptions security = new SecurityOptions();
    @Mixin ResourceOptions resources = new ResourceOptions();

    @Option(names = "--name", paramLabel = "NAME", description = "a name for the container")
    String name;

    @Option(
            names = {"-h", "--hostname"},
            paramLabel = "NAME",
            description = "its host name")
    String hostname;

    @Option(names = "--group-add", paramLabel = "GROUP", description = "a supplementary group")
    List<String> groupAdd = List.of();

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "a label")
    List<String> labels = List.of();

    @Option(
            names = "--entrypoint",
            paramLabel = "COMMAND",
            description = "replaces the image's entrypoint")
    String entrypoint;

    @Option(names = "--rm", description = "remove the container when it has stopped")
    boolean remove;

    @Option(
            names = "--init",
            description = "run a small init as PID 1 that reaps and forwards signals")
    boolean init;

    @Option(names = "--stop-signal", paramLabel = "SIGNAL", description = "what stop sends first")
    String stopSignal;

    @Option(names = "--ulimit", paramLabel = "NAME=SOFT[:HARD]", description = "a resource limit")
    List<String> ulimits = List.of();

    @Option(
            names = "--sysctl",
            paramLabel = "KEY=VALUE",
            description = "a namespaced kernel parameter")
    List<String> sysctls = List.of();

    @Option(
            names = "--device",
            paramLabel = "HOST[:CONTAINER[:rwm]]",
            description = "a device of the host")
    List<String> devices = List.of();

    @Option(names = "--oom-score-adj", paramLabel = "N", description = "-1000 to 1000")
    Integer oomScoreAdj;

    @Option(
            names = "--log-opt",
            paramLabel = "KEY=VALUE",
            description = "max-size=SIZE, max-file=N")
    List<String> logOptions = List.of();

    @Option(names = "--plan", description = "print the plan and do nothing")
    boolean plan;

    @Parameters(index = "0", paramLabel = "IMAGE", description = "an image")
    String image;

    @Parameters(
            index = "1..*",
            paramLabel = "COMMAND",
            description = "the command and its arguments")
    List<String> command = List.of();

    ContainerSpec spec(boolean detached) {
        var size = process.size();
        var log = logOptions();
        var deviceList = devices.stream().map(DeviceSyntax::parse).toList();
        return new ContainerSpec(
                image,
                Optional.ofNullable(name),
                Optional.ofNullable(entrypoint).map(List::of),
                command,
                process.environment(),
                process.workingDirectory(),
                process.identity(),
                groupAdd,
                Optional.ofNullable(hostname),
                OptionSyntax.pairs("--label", labels, true),
                process.tty,
                size.map(Terminal.Size::rows),
                size.map(Terminal.Size::columns),
                process.interactive,
                !detached,
                remove,
                files.all(),
                files.readOnly,
                network.network,
                network.aliases,
                network.published(),
                network.dns,
                network.extraHosts,
                resources.resources(deviceList.stream().map(DeviceSyntax.Grant::rule).toList()),
                security.capAdd,
                security.capDrop,
                security.noNewPrivileges(),
                security.seccompProfile(),
                security.unconfined(),
                ulimits.stream().map(Ulimits::parse).toList(),
                OptionSyntax.pairs("--sysctl", sysctls, false),
                deviceList.stream().map(DeviceSyntax.Grant::device).toList(),
                Optional.ofNullable(oomScoreAdj),
                files.shmBytes(),
                init,
                Optional.ofNullable(stopSignal),
                log.containsKey("max-size")
                        ? Sizes.bytes("--log-opt max-size", log.get("max-size"))
                        : 0,
                log.containsKey("max-file")
                        ? OptionSyntax.number("--log-opt max-file", log.get("max-file"))
                        : 0,
                false);
    }

    private Map<String, String> logOptions() {
        var options = OptionSyntax.pairs("--log-opt", logOptions, false);
        for (var key : options.keySet()) {
            if (!key.equals("max-size") && !key.equals("max-file")) {
                throw FaultException.invalid(
                        "--log-opt %s: only max-size and max-file are known", Names.quote(key));
            }
        }
        return options;
    }
}
