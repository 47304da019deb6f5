package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.contract.storage.StorageResult.Finding;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** {@code storage}. */
@Command(
        name = "storage",
        mixinStandardHelpOptions = true,
        description = "The store of images, layers and volumes: check.",
        subcommands = StorageCommands.Check.class)
final class StorageCommands implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Override
    public Integer call() {
        throw FaultException.invalid("storage: no command is named; gantry storage --help");
    }

    @Command(
            name = "check",
            mixinStandardHelpOptions = true,
            description = {
                "Look whether all that is stored is whole, as fsck does.",
                "Ends with 0 if it is, or was mended, and with 1 if something is left to do."
            })
    static final class Check implements Callable<Integer> {
        @ParentCommand StorageCommands parent;

        @Option(names = "--repair", description = "mend what can be mended")
        boolean repair;

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "json, or text with {{.subject}}; a line each")
        String format;

        @Override
        public Integer call() {
            var engine = parent.gantry.engine();
            // The layers first: a container has its record before it has a layer.
            var layers = engine.storage(new StorageOperation.Snapshots()).containerIds();
            var containers =
                    engine.container(new ContainerOperation.ListAll(true, Map.of())).containers();
            var running =
                    containers.stream()
                            .filter(container -> !container.state().equals("stopped"))
                            .map(Summary::id)
                            .toList();
            var known = containers.stream().map(Summary::id).collect(Collectors.toSet());
            var findings = new ArrayList<Finding>();
            layers.stream().filter(id -> !known.contains(id)).forEach(id -> orphan(id, findings));
            var checked = engine.storage(new StorageOperation.Check(repair, Optional.of(running)));
            findings.addAll(checked.findings());
            print(findings);
            if (format == null) {
                parent.gantry
                        .out()
                        .printf(
                                "%d blobs, %d layers, %d snapshots, %d volumes: %s%n",
                                checked.blobs(),
                                checked.layers(),
                                checked.snapshots(),
                                checked.volumes(),
                                verdict(findings));
            }
            parent.gantry.out().flush();
            return findings.stream().allMatch(Finding::repaired) ? 0 : 1;
        }

        private void orphan(String id, List<Finding> findings) {
            if (repair) {
                parent.gantry.engine().storage(new StorageOperation.Remove(id));
            }
            findings.add(new Finding("snapshot", id, "no container has it", "remove it", repair));
        }

        private void print(List<Finding> findings) {
            var out = parent.gantry.out();
            if (format != null) {
                var template = new Template(format);
                findings.forEach(f -> out.println(template.apply(Json.mapper().valueToTree(f))));
                return;
            }
            for (var finding : findings) {
                out.printf(
                        "%s %s: %s%n  %s: %s%n",
                        finding.part(),
                        finding.subject(),
                        finding.problem(),
                        finding.repaired() ? "repaired" : "to do",
                        finding.remedy());
            }
        }

        private static String verdict(List<Finding> findings) {
            if (findings.isEmpty()) {
                return "all whole";
            }
            long mended = findings.stream().filter(Finding::repaired).count();
            return findings.size() + " findings, " + mended + " repaired";
        }
    }
}
