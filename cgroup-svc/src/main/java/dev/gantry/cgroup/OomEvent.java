package dev.gantry.cgroup;

import java.util.Optional;

/**
 * The kernel ran out of memory in a container.
 *
 * @param timeNanos when it was seen, since the Unix epoch
 * @param limitBytes the memory limit in force
 * @param oomKills how many of the container's processes were killed for memory so far
 */
public record OomEvent(String id, long timeNanos, Optional<Long> limitBytes, long oomKills) {}
