package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.spec.CapabilitySet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Capabilities that cannot be granted are left out, with a warning: config.md asks for that, and
 * callers of runc count on it (its own template asks for ambient ones that are not inheritable).
 */
final class Grantable {
    private final Consumer<String> warn;

    Grantable(Consumer<String> warn) {
        this.warn = warn;
    }

    /** The document with the capabilities below {@code path} cut down. */
    byte[] in(byte[] json, String path) {
        JsonNode tree;
        try {
            tree = Json.mapper().readTree(json);
        } catch (IOException e) {
            return json; // who reads it next says what is wrong with it
        }
        boolean changed = tree.at(path) instanceof ObjectNode sets && cut(sets);
        try {
            return changed ? Json.mapper().writeValueAsBytes(tree) : json;
        } catch (IOException e) {
            throw new IllegalStateException("a tree that was read can be written", e);
        }
    }

    private boolean cut(ObjectNode sets) {
        var held = bounding();
        boolean changed = keep(sets, "bounding", held, "is not this process's to give");
        changed |= keep(sets, "permitted", held, "is not this process's to give");
        changed |= keep(sets, "inheritable", held, "is not this process's to give");
        var permitted = names(sets, "permitted");
        changed |= keep(sets, "effective", permitted, "is not permitted");
        permitted.retainAll(names(sets, "inheritable"));
        changed |= keep(sets, "ambient", permitted, "is not permitted and inheritable");
        return changed;
    }

    private boolean keep(ObjectNode sets, String set, Set<String> allowed, String why) {
        var all = names(sets, set);
        var left = new ArrayList<String>();
        for (var name : all) {
            if (allowed.contains(name)) {
                left.add(name);
            } else {
                warn.accept("process.capabilities." + set + ": " + name + " " + why);
            }
        }
        if (left.size() < all.size()) {
            left.forEach(sets.putArray(set)::add);
        }
        return left.size() < all.size();
    }

    private static Set<String> names(ObjectNode sets, String set) {
        return StreamSupport.stream(sets.path(set).spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** CapBnd of proc(5): what a child of this process can have at most. */
    private static Set<String> bounding() {
        try {
            long mask =
                    Files.readAllLines(Path.of("/proc/self/status")).stream()
                            .filter(line -> line.startsWith("CapBnd:"))
                            .mapToLong(
                                    line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                            .findFirst()
                            .orElse(0);
            var names = new TreeSet<String>();
            List<String> all = CapabilitySet.ALL;
            for (int i = 0; i < all.size(); i++) {
                if ((mask >> i & 1) != 0) {
                    names.add(all.get(i));
                }
            }
            return names;
        } catch (IOException e) {
            throw FaultException.invalid("read /proc/self/status: %s", e);
        }
    }
}
