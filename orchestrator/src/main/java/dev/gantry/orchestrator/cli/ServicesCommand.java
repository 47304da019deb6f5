package dev.gantry.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.supervisor.SupervisorClient;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.concurrent.Callable;

/** {@code services}: the processes of Gantry, to see, restart and replace. */
@Command(
        name = "services",
        mixinStandardHelpOptions = true,
        description =
                "Services: list (without a command), restart, replace, install as systemd units.",
        subcommands = {
            ServicesCommand.Restart.class,
            ServicesCommand.Replace.class,
            InstallCommand.class
        })
final class ServicesCommand implements Callable<Integer> {
    @ParentCommand GantryCommand gantry;

    @Option(names = "--json", description = "as JSON")
    boolean json;

    @Override
    public Integer call() {
        var services = ask(gantry, SupervisorClient.request("list"));
        if (json) {
            gantry.out().println(Template.json(services, true));
            gantry.out().flush();
            return 0;
        }
        var table =
                new Table(
                        "SERVICE", "STATE", "PID", "USER", "CAPABILITIES", "RESTARTS", "LAST END");
        services.properties()
                .forEach(
                        entry -> {
                            var service = entry.getValue();
                            table.row(
                                    entry.getKey(),
                                    service.path("state").asText(),
                                    service.path("pid").asText(),
                                    service.path("uid").asText(),
                                    or(service.path("capabilities").asText(), "none"),
                                    service.path("restarts").asText(),
                                    or(service.path("lastEnd").asText(), "-"));
                        });
        table.print(gantry.out());
        return 0;
    }

    private static String or(String text, String instead) {
        return text.isEmpty() ? instead : text;
    }

    private static JsonNode ask(
            GantryCommand gantry, com.fasterxml.jackson.databind.node.ObjectNode request) {
        return new SupervisorClient(gantry.layout())
                .ask(request)
                .orElseThrow(
                        () ->
                                FaultException.of(
                                        FaultCode.UNAVAILABLE,
                                        "no supervisor runs here: 'gantry up' starts it; under"
                                                + " systemd, systemctl shows the units"));
    }

    @Command(
            name = "restart",
            mixinStandardHelpOptions = true,
            description = "End services; they come back at once, requests wait meanwhile.")
    static final class Restart implements Callable<Integer> {
        @ParentCommand ServicesCommand parent;

        @Parameters(arity = "1..*", paramLabel = "SERVICE", description = "for example network")
        List<String> services;

        @Override
        public Integer call() {
            Invocation.current().needsOwnProcess(); // cli may be among them
            return LifeCommands.each(
                    parent.gantry,
                    services,
                    name ->
                            ask(
                                    parent.gantry,
                                    SupervisorClient.request("restart").put("service", name)));
        }
    }

    @Command(
            name = "replace",
            mixinStandardHelpOptions = true,
            description = {
                "Put another implementation of a service in its place while containers run:",
                "it takes the address over on the bus, then the old one ends. One that ends or is",
                "not ready in time is ended, and the old one goes on.",
                "Without a command, Gantry's own implementation comes back."
            })
    static final class Replace implements Callable<Integer> {
        private static final int MOST_SECONDS = 3600;

        @ParentCommand ServicesCommand parent;

        @Parameters(index = "0", paramLabel = "SERVICE", description = "for example network")
        String service;

        @Option(
                names = "--within",
                paramLabel = "SECONDS",
                defaultValue = "60",
                description = "time until it has to be ready (default: ${DEFAULT-VALUE})")
        int within;

        @Parameters(
                index = "1..*",
                paramLabel = "COMMAND",
                description = "the program, absolute, and its arguments")
        List<String> command = List.of();

        @Override
        public Integer call() {
            Invocation.current().needsOwnProcess();
            if (within < 1 || within > MOST_SECONDS) {
                throw FaultException.invalid(
                        "--within %d: not within 1..%d seconds", within, MOST_SECONDS);
            }
            var request =
                    SupervisorClient.request("replace")
                            .put("service", service)
                            .put("seconds", within);
            var words = request.putArray("command");
            boolean separated = !command.isEmpty() && command.getFirst().equals("--");
            command.stream().skip(separated ? 1 : 0).forEach(words::add);
            ask(parent.gantry, request);
            ask(parent.gantry, SupervisorClient.request("ready").put("seconds", 60));
            return 0;
        }
    }
}
