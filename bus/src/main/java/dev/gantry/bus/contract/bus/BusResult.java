package dev.gantry.bus.contract.bus;

import dev.gantry.bus.contract.Absent;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The answers of {@code bus.v1}. */
public sealed interface BusResult {
    /**
     * A connection.
     *
     * @param connectedMillis since when, in milliseconds since the Unix epoch
     * @param owns service addresses
     * @param subscribes topics and patterns
     * @param queuedBytes what it has not read yet
     */
    record PeerStatus(
            String identity,
            long uid,
            long pid,
            long connectedMillis,
            List<String> owns,
            List<String> subscribes,
            long queuedBytes) {
        /** Absent parts are empty. */
        public PeerStatus {
            owns = Absent.orEmpty(owns);
            subscribes = Absent.orEmpty(subscribes);
        }
    }

    /**
     * A service address.
     *
     * @param owner identity of its owner; empty while it has none
     * @param pid of its owner
     * @param sinceMillis since when it has this owner, or none, in milliseconds since the epoch
     * @param atWork requests that the owner has not answered yet
     * @param waiting requests that wait for an owner
     */
    record AddressStatus(
            String address,
            Optional<String> owner,
            Optional<Long> pid,
            long sinceMillis,
            int atWork,
            int waiting) {
        /** Absent parts are empty. */
        public AddressStatus {
            owner = Absent.orEmpty(owner);
            pid = pid == null ? Optional.empty() : pid;
        }
    }

    /**
     * The broker as it is now.
     *
     * @param startedMillis in milliseconds since the Unix epoch
     * @param counters events since the start, by name
     */
    record Status(
            long startedMillis,
            List<PeerStatus> peers,
            List<AddressStatus> addresses,
            Map<String, Long> counters)
            implements BusResult {
        /** Absent parts are empty. */
        public Status {
            peers = Absent.orEmpty(peers);
            addresses = Absent.orEmpty(addresses);
            counters = Absent.orEmpty(counters);
        }
    }
}
