package dev.gantry.cgroup;

import dev.gantry.bus.contract.PlanStep;
import dev.gantry.bus.contract.cgroup.CgroupResult.Created;
import dev.gantry.bus.contract.cgroup.CgroupResult.Host;
import dev.gantry.bus.contract.cgroup.CgroupResult.ProcessList;
import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;
import dev.gantry.bus.contract.oci.LinuxResources;

import java.util.List;
import java.util.Optional;

/**
 * The cgroups of containers. A container is known by its id and has one directory of that name in
 * each hierarchy, all below the instance's subtree; nothing outside it is ever touched.
 *
 * <p>Every method throws {@link dev.gantry.bus.fault.FaultException} only. What the host cannot
 * honour is UNSUPPORTED and names the file; what the kernel would refuse is INVALID_ARGUMENT; both
 * before anything is made or changed. All methods may be called from any number of threads.
 */
public interface CgroupManager {
    /**
     * Makes the groups and sets the limits. Groups of that id that are there already are taken over
     * and set alike. If a step fails, what was made is removed again.
     *
     * @param planOnly only say how
     * @param place where they are instead of in the subtree, below each mount: the creator has made
     *     them there and given them to this service
     */
    Created create(String id, LinuxResources resources, boolean planOnly, Optional<String> place);

    /** In the subtree. */
    default Created create(String id, LinuxResources resources, boolean planOnly) {
        return create(id, resources, planOnly, Optional.empty());
    }

    /**
     * Changes limits of a container; absent ones stay. All or nothing: if a value is refused, those
     * before it get their former values back. NOT_FOUND without groups.
     */
    List<PlanStep> update(String id, LinuxResources resources);

    /** Reads the numbers. NOT_FOUND without groups. */
    Usage stats(String id);

    /** Lists the processes, those of sub-groups too. NOT_FOUND without groups. */
    ProcessList processes(String id);

    /**
     * Freezes, and returns when all tasks are frozen. After two seconds without that it thaws again
     * and is FAILED_PRECONDITION.
     */
    List<PlanStep> freeze(String id);

    /** Thaws, and returns when the kernel says so. */
    List<PlanStep> thaw(String id);

    /**
     * Sends SIGKILL to all tasks by {@code cgroup.kill}, frozen ones too, and does not wait for
     * their end. UNSUPPORTED without cgroup2 or before Linux 5.14.
     */
    List<PlanStep> kill(String id);

    /**
     * Removes the groups and their sub-groups, leaves first, once they are empty. Waits two seconds
     * for that, then FAILED_PRECONDITION names who is still in. Absent groups are no error. Of
     * groups that were made elsewhere the top ones stay: they are their creator's to remove.
     */
    List<PlanStep> delete(String id);

    /** The ids that have a group in any hierarchy. */
    List<String> containers();

    /** What this host can do. */
    Host host();
}
