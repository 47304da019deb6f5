package dev.gantry.namespace;

import dev.gantry.bus.contract.Absent;
import dev.gantry.namespace.plan.PlanOp.CgroupDir;

import java.util.List;
import java.util.Optional;

/**
 * What this service must know of a container beyond what its shim knows, so that another instance
 * of it can go on. On disk as JSON.
 *
 * @param planDigest sha256 of the launch plan: whether a repeated create asks for the same
 * @param namespaces CLONE_NEW* that are not the host's: what an exec enters
 * @param cgroups where its processes are placed
 * @param persona its execution domain, personality(2), if it has one of its own
 */
record ContainerRecord(
        String planDigest, int namespaces, List<CgroupDir> cgroups, Optional<Long> persona) {
    ContainerRecord {
        cgroups = Absent.orEmpty(cgroups);
        persona = Absent.orEmpty(persona);
    }
}
