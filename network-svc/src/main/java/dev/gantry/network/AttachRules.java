package dev.gantry.network;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.network.NetworkOperation;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.NetworkRecord;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** What a request must fulfil before anything is done for it (security.md, "names, ports"). */
final class AttachRules {
    static final String NONE = "none";
    static final String HOST = "host";
    static final String CONTAINER = "container:";
    private static final Set<String> RESERVED = Set.of(NONE, HOST, "container", "default");
    private static final Pattern HOSTNAME =
            Pattern.compile("[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9])?");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:]{2,39}(\\.[0-9.]+)?");

    private AttachRules() {}

    static void check(NetworkOperation.Attach request) {
        var network = request.network();
        if (network.startsWith(CONTAINER)) {
            Names.check("container id", network.substring(CONTAINER.length()));
        } else {
            Names.check("network name", network);
        }
        if (!request.hostname().isEmpty()) {
            hostname("host name", request.hostname());
        }
        bounded("aliases", request.aliases());
        bounded("dns servers", request.dns());
        bounded("extra hosts", request.extraHosts());
        request.aliases().forEach(alias -> hostname("alias", alias));
        request.dns().forEach(AttachRules::address);
        for (var extra : request.extraHosts()) {
            int colon = extra.indexOf(':');
            if (colon < 1) {
                throw FaultException.invalid(
                        "extra host %s is not of the form NAME:ADDRESS", Names.quote(extra));
            }
            hostname("extra host", extra.substring(0, colon));
            address(extra.substring(colon + 1));
        }
        Ports.check(request.ports());
        if (!isBridge(network) && !request.ports().isEmpty()) {
            throw FaultException.invalid(
                    "ports can't be published on network %s: it has no address of its own",
                    network);
        }
    }

    /** Whether it names a bridge network. */
    static boolean isBridge(String network) {
        return !network.startsWith(CONTAINER) && !RESERVED.contains(network);
    }

    /** Nobody outside reaches an internal network. */
    static void checkPorts(NetworkRecord network, List<PortMapping> ports) {
        if (network.internal() && !ports.isEmpty()) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "network %s is internal: ports can't be published from it",
                    network.name());
        }
    }

    /** A container keeps its network until it is detached. */
    static void checkSame(AttachmentRecord record, NetworkOperation.Attach request) {
        if (!record.network().equals(request.network())) {
            throw FaultException.of(
                    FaultCode.ALREADY_EXISTS,
                    "container %s is on network %s, not on %s",
                    record.containerId(),
                    record.network(),
                    request.network());
        }
    }

    /** Ports need an address that the host can reach from outside. */
    static void checkPublishable(AttachmentRecord record, Optional<NetworkRecord> network) {
        if (network.isEmpty() || network.get().internal()) {
            throw FaultException.of(
                    FaultCode.FAILED_PRECONDITION,
                    "ports of container %s can't be published: network %s is not reachable from"
                            + " outside",
                    record.containerId(),
                    record.network());
        }
    }

    static void checkNetworkName(String name) {
        if (RESERVED.contains(name)) {
            throw FaultException.invalid("network name %s has a meaning of its own", name);
        }
    }

    private static void hostname(String what, String name) {
        if (!HOSTNAME.matcher(name).matches()) {
            throw FaultException.invalid(
                    "%s %s is not a name of 1 to 64 characters [a-zA-Z0-9_.-] between letters or"
                            + " digits",
                    what, Names.quote(name));
        }
    }

    private static void address(String text) {
        if (!IPV6.matcher(text).matches() || !text.contains(":")) {
            Ipv4.parse(text);
        }
    }

    private static void bounded(String what, List<String> list) {
        if (list.size() > 64) {
            throw FaultException.invalid("%d %s are more than 64", list.size(), what);
        }
    }
}
