package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;

import dev.gantry.bus.contract.cgroup.CgroupOperation;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.cli.Table;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;

/** The commands that only look. */
final class LookCommands {
    private LookCommands() {}

    @Command(name = "list", description = "List the containers below --root.")
    static final class ListContainers implements Callable<Integer> {
        @ParentCommand OciCommand oci;

        @Option(
                names = {"-f", "--format"},
                defaultValue = "table",
                description = "table or json (default: ${DEFAULT-VALUE})")
        String format;

        @Option(
                names = {"-q", "--quiet"},
                description = "their ids alone")
        boolean quiet;

        @Override
        public Integer call() {
            check(format);
            var all = oci.containers().store().all();
            if (quiet) {
                all.forEach(state -> oci.out().println(state.id()));
            } else if (format.equals("json")) {
                var array = JsonNodeFactory.instance.arrayNode();
                all.forEach(state -> array.add(LifeCommands.json(state)));
                oci.out().println(array);
            } else {
                var table = new Table("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
                for (var state : all) {
                    var json = LifeCommands.json(state);
                    table.row(
                            state.id(),
                            json.path("pid").asText(),
                            json.path("status").asText(),
                            state.bundle(),
                            state.created(),
                            "root");
                }
                table.print(oci.out());
            }
            oci.out().flush();
            return 0;
        }
    }

    @Command(name = "ps", description = "List the processes of a container.")
    static final class Processes implements Callable<Integer> {
        @ParentCommand OciCommand oci;

        @Parameters(index = "0", paramLabel = "ID", description = "of the container")
        String id;

        @Parameters(index = "1..*", paramLabel = "OPTION", description = "of ps(1)")
        List<String> options = List.of();

        @Option(
                names = {"-f", "--format"},
                defaultValue = "table",
                description = "table or json (default: ${DEFAULT-VALUE})")
        String format;

        @Override
        public Integer call() {
            check(format);
            var containers = oci.containers();
            var state = containers.store().look(id);
            var pids = containers.services().ask(new CgroupOperation.Processes(state.key())).pids();
            if (format.equals("json")) {
                var array = JsonNodeFactory.instance.arrayNode();
                pids.forEach(array::add);
                oci.out().println(array);
            } else {
                table(pids);
            }
            oci.out().flush();
            return 0;
        }

        /** What ps(1) of the host says of them. */
        private void table(List<Long> pids) {
            var command = new ArrayList<>(List.of("ps"));
            command.addAll(options.isEmpty() ? List.of("-ef") : options);
            var lines = output(command);
            int column = Arrays.asList(lines.getFirst().strip().split("\\s+")).indexOf("PID");
            if (column < 0) {
                throw FaultException.invalid("%s prints no column PID", String.join(" ", command));
            }
            oci.out().println(lines.getFirst());
            for (var line : lines.subList(1, lines.size())) {
                var fields = line.strip().split("\\s+");
                if (fields.length > column && pids.contains(Long.parseLong(fields[column]))) {
                    oci.out().println(line);
                }
            }
        }

        private static List<String> output(List<String> command) {
            try {
                var process = new ProcessBuilder(command).redirectErrorStream(true).start();
                process.getOutputStream().close();
                var lines = new String(process.getInputStream().readAllBytes()).lines().toList();
                if (process.waitFor() != 0 || lines.isEmpty()) {
                    throw FaultException.invalid(
                            "%s: %s",
                            String.join(" ", command), lines.isEmpty() ? "" : lines.getFirst());
                }
                return lines;
            } catch (IOException e) {
                throw FaultException.of(FaultCode.UNAVAILABLE, "ps: %s", e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw FaultException.of(FaultCode.UNAVAILABLE, "interrupted");
            }
        }
    }

    private static void check(String format) {
        if (!format.equals("table") && !format.equals("json")) {
            throw FaultException.invalid("--format %s is neither table nor json", format);
        }
    }
}
