package dev.gantry.network.state;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;

import java.util.List;
import java.util.Optional;

/**
 * A container's place on the network as it is kept in {@code
 * state/network-svc/attachments/ID.json}. It is written before the kernel is asked for anything, so
 * whatever a crash leaves behind has an owner.
 *
 * @param network a network's name, {@code none}, {@code host} or {@code container:ID}
 * @param netns the pin; empty for the host's own namespace
 * @param address on a bridge network; likewise mac and hostInterface
 * @param resolvConf path of the file; likewise hosts and hostnameFile
 */
public record AttachmentRecord(
        String containerId,
        String network,
        Optional<String> netns,
        Optional<String> address,
        Optional<String> mac,
        Optional<String> hostInterface,
        String hostname,
        List<String> aliases,
        List<PortMapping> ports,
        List<String> dns,
        List<String> extraHosts,
        String resolvConf,
        String hosts,
        String hostnameFile) {
    /** Name of a container's interface on a bridge network. */
    public static final String CONTAINER_INTERFACE = "eth0";

    /** Absent parts are empty. */
    public AttachmentRecord {
        netns = Absent.orEmpty(netns);
        address = Absent.orEmpty(address);
        mac = Absent.orEmpty(mac);
        hostInterface = Absent.orEmpty(hostInterface);
        aliases = Absent.orEmpty(aliases);
        ports = Absent.orEmpty(ports);
        dns = Absent.orEmpty(dns);
        extraHosts = Absent.orEmpty(extraHosts);
    }

    /** This attachment with other published ports. */
    public AttachmentRecord withPorts(List<PortMapping> other) {
        return new AttachmentRecord(
                containerId,
                network,
                netns,
                address,
                mac,
                hostInterface,
                hostname,
                aliases,
                other,
                dns,
                extraHosts,
                resolvConf,
                hosts,
                hostnameFile);
    }

    /** This attachment in another network namespace. */
    public AttachmentRecord withNetns(String pin) {
        return new AttachmentRecord(
                containerId,
                network,
                Optional.of(pin),
                address,
                mac,
                hostInterface,
                hostname,
                aliases,
                ports,
                dns,
                extraHosts,
                resolvConf,
                hosts,
                hostnameFile);
    }

    /** Whether a name of the network means this container: host name, alias, id or short id. */
    public boolean answersTo(String name) {
        return name.equalsIgnoreCase(hostname)
                || name.equals(containerId)
                || containerId.length() > 12 && name.equals(containerId.substring(0, 12))
                || aliases.stream().anyMatch(name::equalsIgnoreCase);
    }
}
