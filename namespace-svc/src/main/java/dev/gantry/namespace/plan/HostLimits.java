package dev.gantry.namespace.plan;

import java.util.Map;

/**
 * What the launcher holds and can therefore give; asked of the kernel before a plan is sent, so
 * that a request beyond it fails with a clear reason and without side effect.
 *
 * @param hard hard limits by RLIMIT_* number, unsigned; one that is absent is not known
 * @param sysResource whether the launcher has CAP_SYS_RESOURCE and may go beyond them
 * @param oomScoreAdj the launcher's oom_score_adj: without CAP_SYS_RESOURCE none can be lower
 * @param capabilities mask of its bounding set
 * @param appArmor whether the kernel confines by AppArmor profiles
 * @param selinux whether the kernel confines by SELinux labels
 */
public record HostLimits(
        Map<Integer, Long> hard,
        boolean sysResource,
        int oomScoreAdj,
        long capabilities,
        boolean appArmor,
        boolean selinux) {
    /** Nothing is known: the kernel will say. */
    public static final HostLimits UNKNOWN =
            new HostLimits(Map.of(), true, -1000, -1L, false, false);
}
