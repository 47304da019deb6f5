package dev.gantry.bus.contract.network;

import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answers of {@code network.v1}. */
public sealed interface NetworkResult {
    /**
     * A container's place on the network.
     *
     * @param netns path of the pinned network namespace; absent where this service makes none: on
     *     the network host, and on none, which needs no more than the namespace that comes with the
     *     container's others
     * @param interfaces its interfaces besides lo
     * @param ports what is published, free ports filled in
     * @param resolvConf path of the container's resolv.conf, to be bound into it; likewise the
     *     others
     */
    record Attached(
            String containerId,
            String network,
            Optional<String> netns,
            List<Interface> interfaces,
            List<PortMapping> ports,
            String resolvConf,
            String hosts,
            String hostnameFile,
            List<PlanStep> steps)
            implements NetworkResult {
        /** Absent parts are empty. */
        public Attached {
            netns = Absent.orEmpty(netns);
            interfaces = Absent.orEmpty(interfaces);
            ports = Absent.orEmpty(ports);
            resolvConf = Absent.orEmpty(resolvConf);
            hosts = Absent.orEmpty(hosts);
            hostnameFile = Absent.orEmpty(hostnameFile);
            steps = Absent.orEmpty(steps);
        }
    }

    /**
     * An interface in the container.
     *
     * @param name for example eth0
     * @param address in CIDR form
     * @param hostInterface its other end on the host
     */
    record Interface(
            String name, String address, String gateway, String mac, String hostInterface) {}

    /**
     * A network.
     *
     * @param driver bridge, none or host
     * @param bridge the bridge's interface; empty unless driver is bridge
     * @param containers container id to its address
     */
    record Network(
            String name,
            String driver,
            String bridge,
            String subnet,
            String gateway,
            boolean internal,
            boolean dns,
            Map<String, String> labels,
            Map<String, String> containers)
            implements NetworkResult {
        /** Absent parts are empty. */
        public Network {
            bridge = Absent.orEmpty(bridge);
            subnet = Absent.orEmpty(subnet);
            gateway = Absent.orEmpty(gateway);
            labels = Absent.orEmpty(labels);
            containers = Absent.orEmpty(containers);
        }
    }

    /** All networks. */
    record Networks(List<Network> networks) implements NetworkResult {
        /** Absent networks are none. */
        public Networks {
            networks = Absent.orEmpty(networks);
        }
    }

    /** IP addresses. */
    record Addresses(String name, List<String> addresses) implements NetworkResult {
        /** Absent addresses are none. */
        public Addresses {
            addresses = Absent.orEmpty(addresses);
        }
    }

    /** Every attached container. */
    record AttachmentList(List<Attached> attachments) implements NetworkResult {
        /** Absent attachments are none. */
        public AttachmentList {
            attachments = Absent.orEmpty(attachments);
        }
    }
}
