package dev.gantry.orchestrator.spec;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A process's environment, built up in layers; a later one replaces the names it sets. */
final class Environment {
    /** What Docker gives where the image gives none. */
    static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Map<String, String> values = new LinkedHashMap<>();

    /** Sets a name unless it is set. */
    Environment orElse(String name, String value) {
        values.putIfAbsent(name, value);
        return this;
    }

    /** Sets each {@code NAME=value}; a {@code NAME} alone takes it out again. */
    Environment with(List<String> entries) {
        for (var entry : entries) {
            int equals = entry.indexOf('=');
            var name = equals < 0 ? entry : entry.substring(0, equals);
            if (name.isEmpty() || entry.indexOf('\0') >= 0) {
                throw FaultException.invalid(
                        "environment entry %s is not NAME=value", Names.quote(entry));
            }
            if (equals < 0) {
                values.remove(name);
            } else {
                values.put(name, entry.substring(equals + 1));
            }
        }
        return this;
    }

    /** As {@code NAME=value}, in the order in which the names came. */
    List<String> entries() {
        return values.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
    }
}
