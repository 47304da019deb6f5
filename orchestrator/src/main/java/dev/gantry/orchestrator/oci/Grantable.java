package dev.gantry.orchestrator.oci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import dev.gantry.bus.fault.FaultException;
import dev.gantry.bus.wire.Json;
import dev.gantry.orchestrator.invocation.Invocation;
import dev.gantry.orchestrator.spec.CapabilitySet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * What a configuration may ask for in vain is left out, with a warning: capabilities that cannot be
 * granted (config.md asks for that, and runc's own template asks for ambient ones that are not
 * inheritable), and data options of bind mounts, which mount(2) ignores. Sources of binds that are
 * relative are so to the bundle.
 */
final class Grantable {
    private final Consumer<String> warn;

    Grantable(Consumer<String> warn) {
        this.warn = warn;
    }

    /** A {@code config.json} that asks for what can be granted. */
    byte[] configuration(byte[] json, Path bundle) {
        return change(
                json,
                tree -> {
                    boolean cut = capabilities(tree.at("/process/capabilities"));
                    for (var rule : tree.at("/linux/resources/devices")) {
                        cut |= access(rule);
                    }
                    for (var mount : tree.path("mounts")) {
                        cut |= bind(mount, bundle);
                    }
                    return cut;
                });
    }

    /** A {@code process} object that asks for what can be granted. */
    byte[] process(byte[] json) {
        return change(json, tree -> capabilities(tree.path("capabilities")));
    }

    private static byte[] change(byte[] json, Predicate<JsonNode> cut) {
        JsonNode tree;
        try {
            tree = Json.mapper().readTree(json);
        } catch (IOException e) {
            return json; // who reads it next says what is wrong with it
        }
        try {
            return cut.test(tree) ? Json.mapper().writeValueAsBytes(tree) : json;
        } catch (IOException e) {
            throw new IllegalStateException("a tree that was read can be written", e);
        }
    }

    private boolean capabilities(JsonNode node) {
        return node instanceof ObjectNode sets && cut(sets);
    }

    /** runc takes letters that mean nothing beside those that do. */
    private boolean access(JsonNode rule) {
        var asked = rule.path("access").asText();
        var known = asked.replaceAll("[^rwm]", "");
        if (!(rule instanceof ObjectNode object) || known.equals(asked) || known.isEmpty()) {
            return false;
        }
        object.put("access", known);
        warn.accept("linux.resources.devices: access " + asked + " is taken as " + known);
        return true;
    }

    private boolean bind(JsonNode mount, Path bundle) {
        var options =
                StreamSupport.stream(mount.path("options").spliterator(), false)
                        .map(JsonNode::asText)
                        .toList();
        boolean bound =
                mount.path("type").asText().equals("bind")
                        || options.contains("bind")
                        || options.contains("rbind");
        var data =
                options.stream()
                        .filter(option -> option.contains("=") && !option.matches("r?idmap=.*"))
                        .toList();
        if (!bound || !(mount instanceof ObjectNode object)) {
            return false;
        }
        var source = mount.path("source").asText();
        boolean relative = !source.isEmpty() && !source.startsWith("/");
        if (relative) { // config.md: to the bundle
            object.put("source", bundle.resolve(source).normalize().toString());
        }
        if (data.isEmpty()) {
            return relative;
        }
        var left = object.putArray("options");
        options.stream().filter(option -> !data.contains(option)).forEach(left::add);
        warn.accept(
                "mount "
                        + mount.path("destination").asText()
                        + ": a bind takes no options "
                        + String.join(", ", data));
        return true;
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

    /** CapBnd of proc(5): what a child of the caller's process can have at most. */
    private static Set<String> bounding() {
        try {
            var caller = Long.toString(Invocation.current().pid());
            long mask =
                    Files.readAllLines(Path.of("/proc", caller, "status")).stream()
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
            throw FaultException.invalid("read CapBnd of the caller: %s", e);
        }
    }
}
