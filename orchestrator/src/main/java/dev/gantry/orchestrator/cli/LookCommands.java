package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.contract.container.ContainerOperation;
import dev.gantry.bus.contract.container.ContainerResult.Summary;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.contract.storage.StorageOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** Commands that look at containers and change nothing. */
final class LookCommands {
    private static final int SHORT_ID = 12;

    private LookCommands() {}

    static String shortId(String id) {
        var digits = id.startsWith("sha256:") ? id.substring("sha256:".length()) : id;
        return digits.length() <= SHORT_ID ? digits : digits.substring(0, SHORT_ID);
    }

    @Command(
            name = "ps",
            aliases = "ls",
            mixinStandardHelpOptions = true,
            description = "List containers.")
    static final class ListContainers implements Callable<Integer> {
        private static final List<String> TITLES =
                List.of("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES");

        @ParentCommand GantryCommand gantry;

        @Option(
                names = {"-a", "--all"},
                description = "stopped ones too")
        boolean all;

        @Option(
                names = {"-q", "--quiet"},
                description = "ids only")
        boolean quiet;

        @Option(names = "--no-trunc", description = "whole ids and commands")
        boolean noTrunc;

        @Option(
                names = {"-s", "--size"},
                description = "what each takes of the disk, and with its image")
        boolean size;

        @Option(
                names = {"-f", "--filter"},
                paramLabel = "KEY=VALUE",
                description = "name, id, status, label, ancestor, network or volume")
        List<String> filters = List.of();

        @Option(
                names = "--format",
                paramLabel = "FORMAT",
                description = "json, or text with {{.Id}}")
        String format;

        @Override
        public Integer call() {
            var list =
                    gantry.engine()
                            .container(
                                    new ContainerOperation.ListAll(
                                            all, OptionSyntax.pairs("--filter", filters, false)))
                            .containers();
            var out = gantry.out();
            if (format != null) {
                var template = new Template(format);
                var sizes = size ? ContainerSizes.of(gantry.engine()) : null;
                for (var container : list) {
                    ObjectNode node = Json.mapper().valueToTree(container);
                    if (sizes != null) {
                        node.put("Size", sizes.words(container.id()));
                    }
                    out.println(template.apply(node));
                }
            } else if (quiet) {
                list.forEach(c -> out.println(noTrunc ? c.id() : shortId(c.id())));
            } else {
                var titles = new ArrayList<>(TITLES);
                if (size) {
                    titles.add("SIZE");
                }
                var table = new Table(titles);
                var sizes = size ? ContainerSizes.of(gantry.engine()) : null;
                for (var container : list) {
                    var row = new ArrayList<>(row(container));
                    if (sizes != null) {
                        row.add(sizes.words(container.id()));
                    }
                    table.row(row);
                }
                table.print(out);
            }
            out.flush();
            return 0;
        }

        private List<String> row(Summary container) {
            return List.of(
                    noTrunc ? container.id() : shortId(container.id()),
                    container.image(),
                    command(container, noTrunc),
                    Sizes.ago(container.created()),
                    container.status(),
                    container.ports().stream()
                            .map(LookCommands::port)
                            .collect(Collectors.joining(", ")),
                    container.name());
        }
    }

    /** A container's command in quotes, cut to 24 characters unless it is wanted whole. */
    static String command(Summary container, boolean whole) {
        var command = String.join(" ", container.command());
        boolean cut = !whole && command.length() > 24;
        return '"' + (cut ? command.substring(0, 23) + "…" : command) + '"';
    }

    static String port(PortMapping port) {
        return (port.hostIp().isEmpty() ? "0.0.0.0" : port.hostIp())
                + ":"
                + port.hostPort()
                + "->"
                + port.containerPort()
                + "/"
                + port.protocol();
    }

    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            description = "Print everything that is known of containers or images.")
    static final class Inspect implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Option(
                names = {"-f", "--format"},
                paramLabel = "FORMAT",
                description = "text with {{.State.Pid}} or {{json .Config}}")
        String format;

        @Option(
                names = {"-s", "--size"},
                description = "of containers also SizeRw and SizeRootFs, in bytes")
        boolean size;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "containers or images")
        List<String> names;

        @Override
        public Integer call() {
            var template = format == null ? null : new Template(format);
            var documents = new ArrayList<JsonNode>();
            names.forEach(name -> documents.add(find(name)));
            if (template == null) {
                gantry.out().println(Template.json(documents, true));
            } else {
                documents.forEach(document -> gantry.out().println(template.apply(document)));
            }
            gantry.out().flush();
            return 0;
        }

        private JsonNode find(String name) {
            try {
                var found =
                        gantry.engine().container(new ContainerOperation.Inspect(name)).container();
                if (size) {
                    var sizes = ContainerSizes.of(gantry.engine());
                    var id = found.path("Id").asText();
                    found.put("SizeRw", sizes.own(id)).put("SizeRootFs", sizes.whole(id));
                }
                return found;
            } catch (FaultException e) {
                if (e.fault().code() != FaultCode.NOT_FOUND) {
                    throw e;
                }
            }
            try {
                return ImageDocuments.of(gantry.engine(), name);
            } catch (FaultException e) {
                throw FaultException.of(
                        FaultCode.NOT_FOUND, "no such container or image: %s", name);
            }
        }
    }

    @Command(
            name = "top",
            mixinStandardHelpOptions = true,
            description = "List the processes of a container.")
    static final class Top implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(paramLabel = "CONTAINER", description = "id or name")
        String container;

        @Override
        public Integer call() {
            var processes = gantry.engine().container(new ContainerOperation.Top(container));
            var table = new Table(processes.titles());
            processes.rows().forEach(table::row);
            table.print(gantry.out());
            return 0;
        }
    }

    @Command(
            name = "port",
            mixinStandardHelpOptions = true,
            description = "List the published ports of a container.")
    static final class Port implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(paramLabel = "CONTAINER", description = "id or name")
        String container;

        @Override
        public Integer call() {
            var id = gantry.engine().containerId(container);
            for (var summary :
                    gantry.engine()
                            .container(new ContainerOperation.ListAll(true, java.util.Map.of()))
                            .containers()) {
                if (summary.id().equals(id)) {
                    for (var port : summary.ports()) {
                        gantry.out()
                                .printf(
                                        "%d/%s -> %s:%d%n",
                                        port.containerPort(),
                                        port.protocol(),
                                        port.hostIp().isEmpty() ? "0.0.0.0" : port.hostIp(),
                                        port.hostPort());
                    }
                }
            }
            gantry.out().flush();
            return 0;
        }
    }

    @Command(
            name = "diff",
            mixinStandardHelpOptions = true,
            description = "List what a container changed: A added, C changed, D deleted.")
    static final class Diff implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Parameters(paramLabel = "CONTAINER", description = "id or name")
        String container;

        @Override
        public Integer call() {
            var id = gantry.engine().containerId(container);
            for (var change : gantry.engine().storage(new StorageOperation.Diff(id)).changes()) {
                gantry.out().println(change.kind().name().charAt(0) + " " + change.path());
            }
            gantry.out().flush();
            return 0;
        }
    }

    @Command(
            name = "explain",
            mixinStandardHelpOptions = true,
            description = "Print what was done to make a container: by whom, how long, what came.")
    static final class Explain implements Callable<Integer> {
        @ParentCommand GantryCommand gantry;

        @Option(names = "--shell", description = "as the commands that a person would type")
        boolean shell;

        @Option(names = "--json", description = "as JSON")
        boolean json;

        @Parameters(paramLabel = "CONTAINER", description = "id or name")
        String container;

        @Override
        public Integer call() {
            var explanation = gantry.engine().container(new ContainerOperation.Explain(container));
            if (json) {
                gantry.out().println(Template.json(explanation, true));
                gantry.out().flush();
            } else {
                PlanPrinter.print(gantry.out(), explanation.steps(), shell);
            }
            return 0;
        }
    }
}
