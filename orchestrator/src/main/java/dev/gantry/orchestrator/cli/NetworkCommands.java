package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code network}. */
@Command(
        name = "network",
        mixinStandardHelpOptions = true,
        description = "Networks: create, ls, inspect, rm, prune.",
        subcommands = {
            NetworkCommands.Create.class,
            NetworkCommands.ListNetworks.class,
            NetworkCommands.Inspect.class,
            NetworkCommands.Remove.class,
            PruneCommands.Networks.class
        })
final class NetworkCommands implements Callable<Integer>, Above {
    @ParentCommand GantryCommand gantry;

    @Override
    public GantryCommand gantry() {
        return gantry;
    }

    @Override
    public Integer call() {
        throw FaultException.invalid("network: no command is named; gantry network --help");
    }

    @Command(name = "create", mixinStandardHelpOptions = true, description = "Make a network.")
    static final class Create implements Callable<Integer> {
        @ParentCommand NetworkCommands parent;

        @Option(names = "--subnet", paramLabel = "CIDR", description = "for example 10.90.1.0/24")
        String subnet;

        @Option(names = "--gateway", paramLabel = "ADDRESS", description = "the bridge's address")
        String gateway;

        @Option(names = "--internal", description = "no way out of the host")
        boolean internal;

        @Option(names = "--label", paramLabel = "KEY=VALUE", description = "a label")
        List<String> labels = List.of();

        @Parameters(paramLabel = "NAME", description = "its name")
        String name;

        @Override
        public Integer call() {
            var network =
                    parent.gantry
                            .engine()
                            .network(
                                    new NetworkOperation.Create(
                                            name,
                                            Optional.ofNullable(subnet),
                                            Optional.ofNullable(gateway),
                                            internal,
                                            OptionSyntax.pairs("--label", labels, true)));
            parent.gantry.out().println(network.name());
            parent.gantry.out().flush();
            return 0;
        }
    }

    @Command(name = "ls", mixinStandardHelpOptions = true, description = "List networks.")
    static final class ListNetworks implements Callable<Integer> {
        @ParentCommand NetworkCommands parent;

        @Option(
                names = {"-q", "--quiet"},
                description = "names only")
        boolean quiet;

        @Override
        public Integer call() {
            var networks =
                    parent.gantry.engine().network(new NetworkOperation.Networks()).networks();
            if (quiet) {
                networks.forEach(network -> parent.gantry.out().println(network.name()));
                parent.gantry.out().flush();
                return 0;
            }
            var table = new Table("NAME", "DRIVER", "SUBNET", "GATEWAY", "CONTAINERS");
            for (var network : networks) {
                table.row(
                        network.name(),
                        network.driver(),
                        network.subnet(),
                        network.gateway(),
                        Integer.toString(network.containers().size()));
            }
            table.print(parent.gantry.out());
            return 0;
        }
    }

    @Command(
            name = "inspect",
            mixinStandardHelpOptions = true,
            description = "Print everything that is known of networks.")
    static final class Inspect implements Callable<Integer> {
        @ParentCommand NetworkCommands parent;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "names")
        List<String> names;

        @Override
        public Integer call() {
            var engine = parent.gantry.engine();
            var found =
                    names.stream()
                            .map(name -> engine.network(new NetworkOperation.Inspect(name)))
                            .toList();
            parent.gantry.out().println(Template.json(found, true));
            parent.gantry.out().flush();
            return 0;
        }
    }

    @Command(name = "rm", mixinStandardHelpOptions = true, description = "Remove networks.")
    static final class Remove implements Callable<Integer> {
        @ParentCommand NetworkCommands parent;

        @Parameters(arity = "1..*", paramLabel = "NAME", description = "names")
        List<String> names;

        @Override
        public Integer call() {
            return LifeCommands.each(
                    parent.gantry,
                    names,
                    name -> parent.gantry.engine().network(new NetworkOperation.Remove(name)));
        }
    }
}
