package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.cgroup.CgroupResult.Usage;

import java.util.Optional;

/** A {@link Usage} while the controllers fill it in. */
public final class UsageReading {
    public Optional<Long> memoryBytes = Optional.empty();
    public Optional<Long> memoryLimitBytes = Optional.empty();
    public Optional<Long> memoryPeakBytes = Optional.empty();
    public Optional<Long> cpuNanos = Optional.empty();
    public Optional<Long> cpuUserNanos = Optional.empty();
    public Optional<Long> cpuSystemNanos = Optional.empty();
    public Optional<Long> throttledNanos = Optional.empty();
    public Optional<Long> pids = Optional.empty();
    public Optional<Long> pidsLimit = Optional.empty();
    public Optional<Long> ioReadBytes = Optional.empty();
    public Optional<Long> ioWriteBytes = Optional.empty();
    public Optional<Long> oomKills = Optional.empty();

    /** The numbers as they stand. */
    public Usage of(String id, long timeNanos, java.util.List<Usage.Pressure> pressure) {
        return new Usage(
                id,
                timeNanos,
                memoryBytes,
                memoryLimitBytes,
                memoryPeakBytes,
                cpuNanos,
                cpuUserNanos,
                cpuSystemNanos,
                throttledNanos,
                pids,
                pidsLimit,
                ioReadBytes,
                ioWriteBytes,
                oomKills,
                pressure);
    }
}
