package dev.gantry.bus.contract.network;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

import dev.gantry.bus.Contract;
import dev.gantry.bus.Operation;
import dev.gantry.bus.contract.Absent;
import dev.gantry.bus.contract.Done;
import dev.gantry.bus.contract.Names;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * {@code network.v1}: network namespaces, bridges, addresses, published ports, names. Idempotent by
 * container id.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "operation")
@JsonSubTypes({
    @JsonSubTypes.Type(value = NetworkOperation.Attach.class, name = "attach"),
    @JsonSubTypes.Type(value = NetworkOperation.Detach.class, name = "detach"),
    @JsonSubTypes.Type(value = NetworkOperation.Publish.class, name = "publish"),
    @JsonSubTypes.Type(value = NetworkOperation.Unpublish.class, name = "unpublish"),
    @JsonSubTypes.Type(value = NetworkOperation.Create.class, name = "create"),
    @JsonSubTypes.Type(value = NetworkOperation.Networks.class, name = "networks"),
    @JsonSubTypes.Type(value = NetworkOperation.Inspect.class, name = "inspect"),
    @JsonSubTypes.Type(value = NetworkOperation.Remove.class, name = "remove"),
    @JsonSubTypes.Type(value = NetworkOperation.Resolve.class, name = "resolve"),
    @JsonSubTypes.Type(value = NetworkOperation.Attachments.class, name = "attachments")
})
public sealed interface NetworkOperation<R> extends Operation<R> {
    /** The contract. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    Contract<NetworkOperation<?>> CONTRACT =
            new Contract<>("network.v1", (Class) NetworkOperation.class);

    /**
     * Makes the container's network namespace and joins it to a network; with planOnly, only says
     * how.
     */
    record Attach(
            String containerId,
            String network,
            String hostname,
            List<String> aliases,
            List<PortMapping> ports,
            List<String> dns,
            List<String> extraHosts,
            boolean planOnly)
            implements NetworkOperation<NetworkResult.Attached> {
        /** Checks the request; absent parts are empty. */
        public Attach {
            Names.check("container id", containerId);
            network = network == null || network.isEmpty() ? "gantry0" : network;
            hostname = Absent.orEmpty(hostname);
            aliases = Absent.orEmpty(aliases);
            ports = Absent.orEmpty(ports);
            dns = Absent.orEmpty(dns);
            extraHosts = Absent.orEmpty(extraHosts);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<NetworkResult.Attached> resultType() {
            return NetworkResult.Attached.class;
        }
    }

    /** Undoes attach. An absent container is no error. */
    record Detach(String containerId) implements NetworkOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Detach {
            Names.check("container id", containerId);
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** Publishes a port of a running container. */
    record Publish(String containerId, PortMapping port)
            implements NetworkOperation<NetworkResult.Attached> {
        /** Checks the request; absent parts are empty. */
        public Publish {
            Names.check("container id", containerId);
            Objects.requireNonNull(port, "port");
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<NetworkResult.Attached> resultType() {
            return NetworkResult.Attached.class;
        }
    }

    /** Takes a published port back. */
    record Unpublish(String containerId, PortMapping port)
            implements NetworkOperation<NetworkResult.Attached> {
        /** Checks the request; absent parts are empty. */
        public Unpublish {
            Names.check("container id", containerId);
            Objects.requireNonNull(port, "port");
        }

        @Override
        public String subject() {
            return containerId;
        }

        @Override
        public Class<NetworkResult.Attached> resultType() {
            return NetworkResult.Attached.class;
        }
    }

    /** Makes a network; one of the same name and subnet is no error. */
    record Create(
            String name,
            Optional<String> subnet,
            Optional<String> gateway,
            boolean internal,
            Map<String, String> labels)
            implements NetworkOperation<NetworkResult.Network> {
        /** Checks the request; absent parts are empty. */
        public Create {
            Names.check("network name", name);
            subnet = Absent.orEmpty(subnet);
            gateway = Absent.orEmpty(gateway);
            labels = Absent.orEmpty(labels);
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<NetworkResult.Network> resultType() {
            return NetworkResult.Network.class;
        }
    }

    /** All networks. */
    record Networks() implements NetworkOperation<NetworkResult.Networks> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<NetworkResult.Networks> resultType() {
            return NetworkResult.Networks.class;
        }
    }

    /** One network and who is on it. */
    record Inspect(String name) implements NetworkOperation<NetworkResult.Network> {
        /** Checks the request; absent parts are empty. */
        public Inspect {
            Names.check("network name", name);
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<NetworkResult.Network> resultType() {
            return NetworkResult.Network.class;
        }
    }

    /** Removes a network that nobody is on. */
    record Remove(String name) implements NetworkOperation<Done> {
        /** Checks the request; absent parts are empty. */
        public Remove {
            Names.check("network name", name);
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<Done> resultType() {
            return Done.class;
        }
    }

    /** The addresses of a container by its name on a network. */
    record Resolve(String network, String name)
            implements NetworkOperation<NetworkResult.Addresses> {
        /** Checks the request; absent parts are empty. */
        public Resolve {
            Names.check("network name", network);
            Names.check("name", name);
        }

        @Override
        public String subject() {
            return name;
        }

        @Override
        public Class<NetworkResult.Addresses> resultType() {
            return NetworkResult.Addresses.class;
        }
    }

    /** Every attached container: what a successor needs to take over. */
    record Attachments() implements NetworkOperation<NetworkResult.AttachmentList> {
        @Override
        public String subject() {
            return "";
        }

        @Override
        public Class<NetworkResult.AttachmentList> resultType() {
            return NetworkResult.AttachmentList.class;
        }
    }

    /**
     * A published port: {@code hostIp:hostPort -> containerPort}.
     *
     * @param hostIp the address asked for; empty: all of the host's
     * @param hostPort 1..65535; 0: one that is free
     * @param protocol tcp or udp
     */
    record PortMapping(String hostIp, int hostPort, int containerPort, String protocol) {
        /** Checks the ranges. */
        public PortMapping {
            hostIp = Absent.orEmpty(hostIp);
            protocol = protocol == null || protocol.isEmpty() ? "tcp" : protocol;
            if (hostPort < 0 || hostPort > 65535 || containerPort < 1 || containerPort > 65535) {
                throw dev.gantry.bus.fault.FaultException.invalid(
                        "port %d:%d is not within 1..65535", hostPort, containerPort);
            }
            if (!protocol.equals("tcp") && !protocol.equals("udp")) {
                throw dev.gantry.bus.fault.FaultException.invalid(
                        "protocol %s is neither tcp nor udp", Names.quote(protocol));
            }
        }
    }
}
