package dev.gantry.cgroup;

import dev.gantry.cgroup.controller.Controller;

import java.util.List;
import java.util.Set;

/**
 * A hierarchy of the kernel in which Gantry has a subtree.
 *
 * @param mount where it is mounted
 * @param root the subtree, for example {@code /sys/fs/cgroup/memory/gantry}; containers lie in it
 * @param v2 whether it is the cgroup2 hierarchy
 * @param controllers what acts here
 * @param offered the files that groups in the subtree have
 * @param reserved the names of the files of the subtree itself: no group can bear one
 * @param places the containers that lie elsewhere
 */
public record Hierarchy(
        String mount,
        String root,
        boolean v2,
        List<Controller> controllers,
        Set<String> offered,
        Set<String> reserved,
        Places places) {
    /** The directory of a container. */
    public String path(String id) {
        return places.of(id).map(place -> mount + place).orElse(root + "/" + id);
    }

    /** Whether a controller of this name acts here. */
    public boolean has(String controller) {
        return controllers.stream().anyMatch(one -> one.name().equals(controller));
    }
}
