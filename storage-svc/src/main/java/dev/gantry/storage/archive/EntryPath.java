package dev.gantry.storage.archive;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.storage.kernel.Raw;

import java.util.ArrayList;
import java.util.List;

/**
 * A path within a layer: plain components only, relative to the layer's root (security.md row 20).
 *
 * @param components none of them empty, {@code .} or {@code ..}; no component: the root itself
 */
record EntryPath(List<String> components) {
    private static final int MAX_COMPONENT = 255;

    /** Reads a name as it stands in an archive: a leading slash counts for nothing. */
    static EntryPath parse(String raw, int maxDepth) {
        var components = new ArrayList<String>();
        for (var component : raw.split("/")) {
            if (component.isEmpty() || component.equals(".")) {
                continue;
            }
            if (component.equals("..")) {
                throw refuse(raw, "leads upwards");
            }
            if (component.length() > MAX_COMPONENT) {
                throw refuse(raw, "has a component of more than 255 bytes");
            }
            if (component.indexOf('\0') >= 0) {
                throw refuse(raw, "contains a NUL");
            }
            components.add(component);
        }
        if (components.size() > maxDepth) {
            throw refuse(raw, "is more than " + maxDepth + " deep");
        }
        return new EntryPath(List.copyOf(components));
    }

    private static FaultException refuse(String raw, String why) {
        return FaultException.invalid("layer: entry %s %s", Names.quote(Raw.text(raw)), why);
    }

    boolean isRoot() {
        return components.isEmpty();
    }

    String name() {
        return components.getLast();
    }

    /** The parent's path, components joined; empty for the root. */
    String parent() {
        return String.join("/", components.subList(0, components.size() - 1));
    }

    @Override
    public String toString() {
        return "/" + Raw.text(String.join("/", components));
    }
}
