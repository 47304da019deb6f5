package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.concurrent.Callable;

/** {@code info}: what this host and these services are. */
@Command(
        name = "info",
        mixinStandardHelpOptions = true,
        description = "Show what this host and these services are.")
final class InfoCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "json, or text with {{.facts.x}}")
    String format;

    @Override
    public Integer call() {
        var info = gantry.engine().container(new ContainerOperation.Info());
        var out = gantry.out();
        if (format != null) {
            out.println(
                    new Template(format)
                            .apply(dev.gantry.bus.wire.Json.mapper().valueToTree(info)));
        } else {
            info.facts().forEach((name, value) -> out.println(name + ": " + value));
            out.println("services:");
            info.services().forEach((name, value) -> out.println("  " + name + ": " + value));
        }
        out.flush();
        return 0;
    }
}
