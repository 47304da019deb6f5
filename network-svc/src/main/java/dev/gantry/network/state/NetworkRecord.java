package dev.gantry.network.state;

import com.fasterxml.jackson.annotation.JsonIgnore;

import dev.gantry.bus.contract.Absent;

import java.util.Map;

/**
 * A bridge network as it is kept in {@code state/network-svc/networks/NAME.json}.
 *
 * @param bridge name of its bridge interface
 * @param subnet in CIDR form
 * @param gateway the bridge's own address
 * @param internal whether it has no way out
 * @param dnsPort where its name server listens on the gateway; 0: nowhere yet
 */
public record NetworkRecord(
        String name,
        String bridge,
        String subnet,
        String gateway,
        boolean internal,
        int dnsPort,
        Map<String, String> labels) {
    /** Absent labels are none. */
    public NetworkRecord {
        labels = Absent.orEmpty(labels);
    }

    /** The subnet, read. */
    @JsonIgnore
    public Subnet range() {
        return Subnet.parse(subnet);
    }

    /** This network with its name server elsewhere. */
    public NetworkRecord withDnsPort(int port) {
        return new NetworkRecord(name, bridge, subnet, gateway, internal, port, labels);
    }
}
