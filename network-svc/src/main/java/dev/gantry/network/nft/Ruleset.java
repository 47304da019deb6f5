package dev.gantry.network.nft;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.wire.Json;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.NetworkRecord;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Gantry's packet filter as values. The rules never change ({@code ruleset.json}); networks,
 * containers and ports are elements of the sets that the rules look into, so each comes and goes in
 * constant time.
 */
final class Ruleset {
    private static final String DNAT =
            """
            {"dnat": {"family": "ip",
              "addr": {"map": {"key": {"concat": [KEY]}, "data": "@SET_addr"}},
              "port": {"map": {"key": {"concat": [KEY]}, "data": "@SET_port"}}}}
            """;
    private static final String PORT_KEY =
            """
            {"meta": {"key": "l4proto"}}, {"payload": {"protocol": "th", "field": "dport"}}\
            """;
    private static final String ADDRESS_KEY =
            """
            {"payload": {"protocol": "ip", "field": "daddr"}}, \
            """;

    private Ruleset() {}

    /** The commands that make sets, chains and rules in tables that exist and are empty. */
    static List<JsonNode> rules(String table) {
        try (var resource = Ruleset.class.getResourceAsStream("ruleset.json")) {
            var text =
                    new String(resource.readAllBytes(), StandardCharsets.UTF_8)
                            .replace("TABLE", table)
                            .replace("DNAT_ONE", dnat("one", ADDRESS_KEY + PORT_KEY))
                            .replace("DNAT_ANY", dnat("any", PORT_KEY));
            var out = new ArrayList<JsonNode>();
            Json.mapper().readTree(text).forEach(out::add);
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String dnat(String set, String key) {
        return DNAT.replace("SET", set).replace("KEY", key);
    }

    /** What a network puts into the sets. */
    static List<Element> of(NetworkRecord network) {
        var bridge = network.bridge();
        var out = new ArrayList<Element>();
        out.add(Element.of("inet", "bridges", bridge));
        out.add(Element.of("inet", "same", bridge, bridge));
        if (network.internal()) {
            out.add(Element.of("inet", "internal", bridge));
        } else {
            var range = network.range();
            out.add(Element.of("inet", "routed", range));
        }
        if (network.dnsPort() != 0) {
            out.add(Element.map("dns", List.of(bridge), network.dnsPort()));
        }
        return out;
    }

    /** What a container puts into the sets, its published ports left out. */
    static List<Element> of(AttachmentRecord attachment) {
        if (attachment.hostInterface().isEmpty()) {
            return List.of();
        }
        var port = attachment.hostInterface().get();
        return List.of(
                Element.of("bridge", "ports", port),
                Element.of(
                        "bridge",
                        "endpoints",
                        port,
                        attachment.mac().orElseThrow(),
                        attachment.address().orElseThrow()));
    }

    /** What a published port of a container puts into the sets. */
    static List<Element> of(PortMapping port, String address) {
        List<Object> key = new ArrayList<>();
        boolean any = port.hostIp().isEmpty() || port.hostIp().equals("0.0.0.0");
        if (!any) {
            key.add(port.hostIp());
        }
        key.add(port.protocol());
        key.add(port.hostPort());
        var set = any ? "any" : "one";
        return List.of(
                Element.map(set + "_addr", key, address),
                Element.map(set + "_port", key, port.containerPort()));
    }
}
