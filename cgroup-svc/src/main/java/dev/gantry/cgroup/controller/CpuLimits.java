package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.oci.LinuxResources.Cpu;
import dev.gantry.bus.fault.FaultException;

import java.util.Optional;

/** What v1 and v2 alike ask of cpu values. Microseconds. */
public final class CpuLimits {
    /** The kernel's default period. */
    public static final long DEFAULT_PERIOD = 100_000;

    private static final long MAX_QUOTA = Long.MAX_VALUE / 1_000_000;

    private CpuLimits() {}

    /** Refuses what the kernel refuses, and shares that it would silently clamp. */
    public static void check(Cpu cpu) {
        range("shares", cpu.shares(), 2, 262_144);
        range("period", cpu.period(), 1_000, 1_000_000);
        range("idle", cpu.idle(), 0, 1);
        range("quota", cpu.quota().filter(quota -> quota != -1), 1_000, MAX_QUOTA);
    }

    private static void range(String what, Optional<Long> value, long low, long high) {
        value.filter(number -> number < low || number > high)
                .ifPresent(
                        number -> {
                            throw FaultException.invalid(
                                    "cpu %s %d is not %d..%d", what, number, low, high);
                        });
    }
}
