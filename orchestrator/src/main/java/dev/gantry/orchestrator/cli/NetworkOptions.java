package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;

import picocli.CommandLine.Option;

import java.util.List;

/** How a container is reached and what it reaches. */
final class NetworkOptions {
    @Option(
            names = {"--network", "--net"},
            paramLabel = "NETWORK",
            description = "a network, none, host or container:ID; gantry0 unless told")
    String network;

    @Option(
            names = "--network-alias",
            paramLabel = "NAME",
            description = "a further name on its network")
    List<String> aliases = List.of();

    @Option(
            names = {"-p", "--publish"},
            paramLabel = "[[IP:]PORT:]PORT[/udp]",
            description = "a port of the host for a port of the container")
    List<String> ports = List.of();

    @Option(names = "--dns", paramLabel = "ADDRESS", description = "a name server")
    List<String> dns = List.of();

    @Option(
            names = "--add-host",
            paramLabel = "NAME:ADDRESS",
            description = "a line for /etc/hosts")
    List<String> extraHosts = List.of();

    List<PortMapping> published() {
        return ports.stream().flatMap(text -> PortSyntax.parse(text).stream()).toList();
    }
}
