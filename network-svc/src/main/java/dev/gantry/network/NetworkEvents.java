package dev.gantry.network;

import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.Bus;
import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.wire.Json;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.NetworkRecord;

import java.time.Instant;

/** Publishes {@code events.network.*}, each once and after the fact. */
final class NetworkEvents {
    private final Bus bus;

    NetworkEvents(Bus bus) {
        this.bus = bus;
    }

    void attached(AttachmentRecord record) {
        var body = body(record.containerId()).put("network", record.network());
        record.address().ifPresent(address -> body.put("address", address));
        bus.publish("events.network.attached", body);
    }

    void detached(AttachmentRecord record) {
        bus.publish(
                "events.network.detached",
                body(record.containerId()).put("network", record.network()));
    }

    void published(AttachmentRecord record, PortMapping port) {
        bus.publish("events.network.published", port(record, port));
    }

    void unpublished(AttachmentRecord record, PortMapping port) {
        bus.publish("events.network.unpublished", port(record, port));
    }

    void created(NetworkRecord network) {
        bus.publish("events.network.created", body(network.name()).put("subnet", network.subnet()));
    }

    void removed(NetworkRecord network) {
        bus.publish("events.network.removed", body(network.name()));
    }

    private static ObjectNode port(AttachmentRecord record, PortMapping port) {
        return body(record.containerId())
                .put("network", record.network())
                .put("hostIp", port.hostIp())
                .put("hostPort", port.hostPort())
                .put("containerPort", port.containerPort())
                .put("protocol", port.protocol());
    }

    private static ObjectNode body(String id) {
        var now = Instant.now();
        return Json.mapper()
                .createObjectNode()
                .put("id", id)
                .put("timeNanos", now.getEpochSecond() * 1_000_000_000L + now.getNano());
    }
}
