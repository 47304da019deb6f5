package dev.gantry.network;

import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.fault.FaultCode;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.Ipv4;
import dev.gantry.network.state.Records;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which host ports are published, and which are free. Its callers hold one lock. */
final class Ports {
    private static final int FIRST_FREE = 49153;
    private static final int MOST_PORTS = 1024;
    private final NetworkKernel kernel;
    private final Records records;
    private int cursor = FIRST_FREE;

    Ports(NetworkKernel kernel, Records records) {
        this.kernel = kernel;
        this.records = records;
    }

    /** Checks what the contract's records cannot: addresses, and how many there are. */
    static void check(List<PortMapping> ports) {
        if (ports.size() > MOST_PORTS) {
            throw FaultException.invalid(
                    "%d published ports are more than %d", ports.size(), MOST_PORTS);
        }
        for (var port : ports) {
            if (!port.hostIp().isEmpty()) {
                Ipv4.parse(port.hostIp());
            }
        }
    }

    /**
     * The ports with the free ones chosen.
     *
     * @param containerId whose own published ports are no conflict
     */
    List<PortMapping> choose(String containerId, List<PortMapping> ports) {
        var out = new ArrayList<PortMapping>();
        for (var port : ports) {
            var inUse = kernel.portsInUse(port.protocol());
            if (port.hostPort() == 0) {
                out.add(free(containerId, port, inUse, out));
                continue;
            }
            if (out.stream().anyMatch(other -> clash(other, port))) {
                throw FaultException.invalid("port %s is asked for twice", show(port));
            }
            owner(containerId, port)
                    .ifPresent(
                            owner -> {
                                throw FaultException.of(
                                        FaultCode.ALREADY_EXISTS,
                                        "port %s is published by container %s",
                                        show(port),
                                        owner.containerId());
                            });
            if (isInUse(port, inUse)) {
                throw FaultException.of(
                        FaultCode.FAILED_PRECONDITION,
                        "port %s is in use by a process of the host",
                        show(port));
            }
            out.add(port);
        }
        return out;
    }

    private PortMapping free(
            String containerId, PortMapping port, Set<String> inUse, List<PortMapping> chosen) {
        for (int tried = FIRST_FREE; tried <= 65535; tried++) {
            var candidate =
                    new PortMapping(port.hostIp(), cursor, port.containerPort(), port.protocol());
            cursor = cursor == 65535 ? FIRST_FREE : cursor + 1;
            if (owner(containerId, candidate).isEmpty()
                    && !isInUse(candidate, inUse)
                    && chosen.stream().noneMatch(other -> clash(other, candidate))) {
                return candidate;
            }
        }
        throw FaultException.of(
                FaultCode.RESOURCE_EXHAUSTED, "no port of %d-65535 is free", FIRST_FREE);
    }

    private java.util.Optional<AttachmentRecord> owner(String containerId, PortMapping port) {
        return records.attachments().stream()
                .filter(a -> !a.containerId().equals(containerId))
                .filter(a -> a.ports().stream().anyMatch(other -> clash(other, port)))
                .findFirst();
    }

    private static boolean clash(PortMapping a, PortMapping b) {
        return a.hostPort() == b.hostPort()
                && a.protocol().equals(b.protocol())
                && (any(a) || any(b) || a.hostIp().equals(b.hostIp()));
    }

    private static boolean isInUse(PortMapping port, Set<String> inUse) {
        var suffix = ":" + port.hostPort();
        return inUse.contains("*" + suffix)
                || (any(port)
                        ? inUse.stream().anyMatch(s -> s.endsWith(suffix))
                        : inUse.contains(port.hostIp() + suffix));
    }

    private static boolean any(PortMapping port) {
        return port.hostIp().isEmpty() || port.hostIp().equals("0.0.0.0");
    }

    static String show(PortMapping port) {
        return (any(port) ? "" : port.hostIp() + ":") + port.hostPort() + "/" + port.protocol();
    }
}
