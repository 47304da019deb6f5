package dev.gantry.network.nft;

import com.fasterxml.jackson.databind.JsonNode;

import dev.gantry.bus.contract.network.NetworkOperation.PortMapping;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.network.kernel.NetworkKernel;
import dev.gantry.network.state.AttachmentRecord;
import dev.gantry.network.state.NetworkRecord;
import dev.gantry.network.state.Records;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Keeps Gantry's two tables ({@code inet} for addresses, {@code bridge} for the source guard) as
 * the records want them, and puts them back when somebody else removes them (security.md row 29).
 */
public final class Firewall {
    private final NetworkKernel kernel;
    private final Records records;
    private final String table;
    private final List<JsonNode> rules;
    private final Set<String> active = ConcurrentHashMap.newKeySet();
    private boolean installed;
    private int generation;
    private int doubted;

    /**
     * A firewall that has not touched the kernel yet.
     *
     * @param table name of both tables
     */
    public Firewall(NetworkKernel kernel, Records records, String table) {
        this.kernel = kernel;
        this.records = records;
        this.table = table;
        this.rules = Ruleset.rules(table);
    }

    /** The network's elements come in; its bridge is up. */
    public void add(NetworkRecord network) {
        active.add(network.name());
        change(Ruleset.of(network), List.of());
    }

    /** The network's elements go; its bridge is gone. */
    public void remove(NetworkRecord network) {
        active.remove(network.name());
        change(List.of(), Ruleset.of(network));
    }

    /** The container's elements come in, with its published ports. */
    public void add(AttachmentRecord attachment) {
        change(elements(attachment), List.of());
    }

    /** The container's elements go, with its published ports. */
    public void remove(AttachmentRecord attachment) {
        change(List.of(), elements(attachment));
    }

    /** A port is published. */
    public void publish(AttachmentRecord attachment, PortMapping port) {
        change(Ruleset.of(port, attachment.address().orElseThrow()), List.of());
    }

    /** A port is taken back. */
    public void unpublish(AttachmentRecord attachment, PortMapping port) {
        change(List.of(), Ruleset.of(port, attachment.address().orElseThrow()));
    }

    /** What {@link #add(AttachmentRecord)} comes to, for a shell. */
    public String shell(String verb, AttachmentRecord attachment) {
        return shell(verb, elements(attachment));
    }

    /** What {@link #add(NetworkRecord)} comes to, the tables included if they are not there. */
    public synchronized String shell(String verb, NetworkRecord network) {
        if (installed) {
            return shell(verb, Ruleset.of(network));
        }
        var commands = emptyTables();
        Ruleset.of(network).forEach(e -> commands.add(e.command("add", table)));
        return "nft -j -f /dev/stdin <<'END'\n" + transaction(commands) + "\nEND";
    }

    /** What {@link #publish} comes to, for a shell. */
    public String shell(String verb, AttachmentRecord attachment, PortMapping port) {
        return shell(verb, Ruleset.of(port, attachment.address().orElseThrow()));
    }

    private String shell(String verb, List<Element> elements) {
        return elements.stream()
                .map(e -> e.shell(verb, table))
                .collect(Collectors.joining("; ", "nft '", "'"));
    }

    /** Makes the tables anew, in one transaction, as the records want them. */
    public synchronized void install() {
        var commands = emptyTables();
        wanted().forEach(e -> commands.add(e.command("add", table)));
        kernel.nft(transaction(commands));
        installed = true;
        generation = kernel.nftGeneration();
    }

    private List<JsonNode> emptyTables() {
        var commands = new ArrayList<JsonNode>();
        for (var verb : List.of("add", "delete", "add")) {
            commands.add(tableCommand(verb, "inet"));
            commands.add(tableCommand(verb, "bridge"));
        }
        commands.addAll(rules);
        return commands;
    }

    /** Removes both tables; absent ones are no error. */
    public synchronized void uninstall() {
        var commands = new ArrayList<JsonNode>();
        for (var verb : List.of("add", "delete")) {
            commands.add(tableCommand(verb, "inet"));
            commands.add(tableCommand(verb, "bridge"));
        }
        kernel.nft(transaction(commands));
        installed = false;
        active.clear();
    }

    /**
     * Looks whether anybody has changed the packet filter, and if so whether Gantry's tables are
     * whole; restores them if not.
     *
     * @return whether they had to be restored
     */
    public synchronized boolean check() {
        if (!installed) {
            return false;
        }
        int now = kernel.nftGeneration();
        if (now == generation) {
            return false;
        }
        var found = look();
        records.reload();
        if (found.equals(new Found(ruleCount(), wanted().size()))) {
            generation = now;
            return false;
        }
        // A container may be coming or going, its record ahead of its elements: a doubt about
        // elements alone is looked at again, one about rules is not.
        if (found.rules() == ruleCount() && now != doubted) {
            doubted = now;
            return false;
        }
        install();
        return true;
    }

    private synchronized void change(List<Element> add, List<Element> delete) {
        if (!installed) {
            install();
            return;
        }
        var commands = new ArrayList<JsonNode>();
        delete.forEach(e -> commands.add(e.command("delete", table)));
        add.forEach(e -> commands.add(e.command("add", table)));
        if (commands.isEmpty()) {
            return;
        }
        try {
            kernel.nft(transaction(commands));
            generation++;
        } catch (FaultException e) {
            // An element is gone or there already: somebody has changed the tables. The records
            // say what they should hold; a container that is leaving still has its record.
            install();
            var left = new ArrayList<>(delete);
            left.retainAll(wanted());
            change(List.of(), left);
        }
    }

    private List<Element> wanted() {
        var out = new ArrayList<Element>();
        records.networks().stream()
                .filter(n -> active.contains(n.name()))
                .forEach(n -> out.addAll(Ruleset.of(n)));
        records.attachments().forEach(a -> out.addAll(elements(a)));
        return out;
    }

    private static List<Element> elements(AttachmentRecord attachment) {
        var out = new ArrayList<>(Ruleset.of(attachment));
        attachment
                .address()
                .ifPresent(
                        address ->
                                attachment
                                        .ports()
                                        .forEach(p -> out.addAll(Ruleset.of(p, address))));
        return out;
    }

    private record Found(int rules, int elements) {}

    private int ruleCount() {
        return (int) rules.stream().filter(r -> r.path("add").has("rule")).count();
    }

    private Found look() {
        int foundRules = 0;
        int foundElements = 0;
        try {
            for (var family : List.of("inet", "bridge")) {
                var answer = kernel.nft(transaction(List.of(tableCommand("list", family))));
                for (var item : Json.mapper().readTree(answer).path("nftables")) {
                    foundRules += item.has("rule") ? 1 : 0;
                    foundElements += item.path("set").path("elem").size();
                    foundElements += item.path("map").path("elem").size();
                }
            }
        } catch (FaultException e) {
            return new Found(0, 0); // a table is gone
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Found(foundRules, foundElements);
    }

    private JsonNode tableCommand(String verb, String family) {
        var command = Json.mapper().createObjectNode();
        command.putObject(verb).putObject("table").put("family", family).put("name", table);
        return command;
    }

    private static String transaction(List<JsonNode> commands) {
        var root = Json.mapper().createObjectNode();
        root.putArray("nftables").addAll(commands);
        return root.toString();
    }
}
