package dev.gantry.orchestrator.cli;

import dev.gantry.bus.contract.Names;
import dev.gantry.bus.contract.oci.LinuxResources;
import dev.gantry.bus.fault.FaultException;

import picocli.CommandLine.Option;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Limits of {@code run} and {@code update}. */
final class ResourceOptions {
    @Option(
            names = {"-m", "--memory"},
            paramLabel = "SIZE",
            description = "most memory")
    String memory;

    @Option(
            names = "--memory-swap",
            paramLabel = "SIZE",
            description = "most memory and swap together; -1: no limit")
    String memorySwap;

    @Option(names = "--memory-reservation", paramLabel = "SIZE", description = "soft memory limit")
    String memoryReservation;

    @Option(names = "--cpus", paramLabel = "N", description = "most processors, for example 1.5")
    String cpus;

    @Option(
            names = {"-c", "--cpu-shares"},
            paramLabel = "N",
            description = "relative weight, 1024 is usual")
    Long cpuShares;

    @Option(
            names = "--cpuset-cpus",
            paramLabel = "LIST",
            description = "which processors, for example 0-2,5")
    String cpusetCpus;

    @Option(names = "--cpuset-mems", paramLabel = "LIST", description = "which memory nodes")
    String cpusetMems;

    @Option(names = "--pids-limit", paramLabel = "N", description = "most tasks; -1: no limit")
    Long pidsLimit;

    @Option(
            names = "--blkio-weight",
            paramLabel = "N",
            description = "relative weight of block I/O, 10 to 1000")
    Integer blkioWeight;

    LinuxResources resources(List<LinuxResources.DeviceRule> deviceRules) {
        return new LinuxResources(
                memoryLimits(),
                cpuLimits(),
                Optional.ofNullable(pidsLimit).map(LinuxResources.Pids::new),
                Optional.ofNullable(blkioWeight)
                        .map(
                                weight ->
                                        new LinuxResources.BlockIo(
                                                Optional.of(weight), null, null, null, null, null)),
                deviceRules,
                Map.of());
    }

    private Optional<LinuxResources.Memory> memoryLimits() {
        if (memory == null && memorySwap == null && memoryReservation == null) {
            return Optional.empty();
        }
        return Optional.of(
                new LinuxResources.Memory(
                        Optional.ofNullable(memory).map(text -> Sizes.bytes("--memory", text)),
                        Optional.ofNullable(memoryReservation)
                                .map(text -> Sizes.bytes("--memory-reservation", text)),
                        Optional.ofNullable(memorySwap)
                                .map(text -> Sizes.bytes("--memory-swap", text)),
                        Optional.empty(),
                        Optional.empty()));
    }

    private Optional<LinuxResources.Cpu> cpuLimits() {
        if (cpus == null && cpuShares == null && cpusetCpus == null && cpusetMems == null) {
            return Optional.empty();
        }
        var quota = Optional.ofNullable(cpus).map(ResourceOptions::quotaMicros);
        return Optional.of(
                new LinuxResources.Cpu(
                        Optional.ofNullable(cpuShares),
                        quota,
                        quota.map(micros -> 100_000L),
                        Optional.ofNullable(cpusetCpus),
                        Optional.ofNullable(cpusetMems),
                        Optional.empty()));
    }

    private static long quotaMicros(String cpus) {
        try {
            double count = Double.parseDouble(cpus);
            if (count >= 0.01 && count <= 8192) {
                return Math.round(count * 100_000);
            }
        } catch (NumberFormatException e) {
            throw FaultException.invalid("--cpus %s is not a number", Names.quote(cpus));
        }
        throw FaultException.invalid("--cpus %s is not within 0.01..8192", cpus);
    }
}
