package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.oci.LinuxResources.Memory;
import dev.gantry.bus.fault.FaultException;

import java.util.Optional;

/** What v1 and v2 alike ask of memory values. Bytes; −1 is no limit. */
public final class MemoryLimits {
    private MemoryLimits() {}

    /**
     * Refuses zero, other negative numbers, and a memory+swap total below the memory limit.
     *
     * @param limitInForce the memory limit that holds if these do not name one
     */
    public static void check(Memory memory, Optional<Long> limitInForce) {
        check("limit", memory.limit());
        check("reservation", memory.reservation());
        check("swap", memory.swap());
        memory.swappiness()
                .filter(value -> value < 0 || value > 100)
                .ifPresent(
                        value -> {
                            throw FaultException.invalid(
                                    "memory swappiness %d is not 0..100", value);
                        });
        var limit = memory.limit().or(() -> limitInForce).filter(bytes -> bytes != -1);
        memory.swap()
                .filter(total -> total != -1)
                .ifPresent(
                        total -> {
                            if (limit.isEmpty()) {
                                throw FaultException.invalid(
                                        "memory swap %d limits memory and swap together: it needs a"
                                                + " memory limit",
                                        total);
                            }
                            if (total < limit.get()) {
                                throw FaultException.invalid(
                                        "memory swap %d (memory and swap together) is below the"
                                                + " memory limit %d",
                                        total, limit.get());
                            }
                        });
    }

    private static void check(String what, Optional<Long> bytes) {
        bytes.filter(value -> value == 0 || value < -1)
                .ifPresent(
                        value -> {
                            throw FaultException.invalid(
                                    "memory %s %d is neither a number of bytes nor -1",
                                    what, value);
                        });
    }
}
