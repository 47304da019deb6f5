package dev.gantry.cgroup;

import dev.gantry.bus.contract.cgroup.CgroupResult.Mode;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All hierarchies in which Gantry has a subtree; made by {@link Subtree}.
 *
 * @param places the containers that lie elsewhere
 * @param report controller to {@code v1}, {@code v2} or why it cannot be used
 */
public record Hierarchies(
        Mode mode, List<Hierarchy> all, Map<String, String> report, Places places) {
    /** The cgroup2 hierarchy, on hybrid hosts too. */
    public Optional<Hierarchy> unified() {
        return all.stream().filter(Hierarchy::v2).findFirst();
    }

    /** Where a controller acts. */
    public Optional<Hierarchy> of(String controller) {
        return all.stream().filter(one -> one.has(controller)).findFirst();
    }

    /** The hierarchy that says which processes a container has: every one does. */
    public Hierarchy processes() {
        return all.getFirst();
    }
}
