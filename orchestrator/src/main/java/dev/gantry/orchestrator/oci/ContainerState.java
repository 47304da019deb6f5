package dev.gantry.orchestrator.oci;

import dev.gantry.bus.contract.Absent;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is kept of a container between commands.
 *
 * @param key the id under which the services know it
 * @param bundle absolute
 * @param rootfs absolute
 * @param pid of its init; 0 while it is being created, or if that was cut off
 * @param startTime of its init, field 22 of /proc/PID/stat
 * @param created RFC 3339
 * @param ownPids whether it has a pid namespace of its own, whose end takes all processes with it
 * @param cgroups the directories of its groups, one in each hierarchy
 * @param made those of them, and above them, that were made for it and are to be removed with it
 * @param freezer the file that says whether it is frozen
 */
record ContainerState(
        String id,
        String key,
        String bundle,
        String rootfs,
        long pid,
        long startTime,
        String created,
        Map<String, String> annotations,
        boolean ownPids,
        List<String> cgroups,
        List<String> made,
        Optional<String> freezer) {
    ContainerState {
        annotations = Absent.orEmpty(annotations);
        cgroups = Absent.orEmpty(cgroups);
        made = Absent.orEmpty(made);
        freezer = Absent.orEmpty(freezer);
    }

    /** It has been created. */
    ContainerState with(long newPid, long newStartTime) {
        return new ContainerState(
                id,
                key,
                bundle,
                rootfs,
                newPid,
                newStartTime,
                created,
                annotations,
                ownPids,
                cgroups,
                made,
                freezer);
    }

    /** Cgroups have been made for it. */
    ContainerState having(List<String> newMade) {
        return new ContainerState(
                id,
                key,
                bundle,
                rootfs,
                pid,
                startTime,
                created,
                annotations,
                ownPids,
                cgroups,
                newMade,
                freezer);
    }

    /** It has its cgroups. */
    ContainerState in(List<String> newCgroups, Optional<String> newFreezer) {
        return new ContainerState(
                id,
                key,
                bundle,
                rootfs,
                pid,
                startTime,
                created,
                annotations,
                ownPids,
                newCgroups,
                made,
                newFreezer);
    }
}
