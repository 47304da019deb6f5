package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.oci.LinuxResources.BlockIo;
import dev.gantry.bus.contract.oci.LinuxResources.Throttle;
import dev.gantry.bus.fault.FaultException;
import dev.gantry.cgroup.kernel.CgroupKernel;

import java.util.List;
import java.util.stream.Stream;

/** What the host's block devices can do, from sysfs. */
public final class BlockDevices {
    private final CgroupKernel kernel;

    /** Asks through the kernel. */
    public BlockDevices(CgroupKernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Whether some device is scheduled by BFQ: no other scheduler heeds {@code *.bfq.weight}, so
     * without it the file would take the value and nothing would come of it.
     */
    public boolean bfq() {
        return kernel.directories("/sys/block").names().stream()
                .map(name -> kernel.read("/sys/block/" + name + "/queue/scheduler").text())
                .anyMatch(scheduler -> scheduler.contains("[bfq]"));
    }

    /** Refuses weights and rates that the kernel would not take, before anything is made. */
    public void check(BlockIo io) {
        io.weight()
                .filter(weight -> weight < 10 || weight > 1000)
                .ifPresent(
                        weight -> {
                            throw FaultException.invalid("blkio weight %d is not 10..1000", weight);
                        });
        Stream.of(
                        io.throttleReadBpsDevice(),
                        io.throttleWriteBpsDevice(),
                        io.throttleReadIOPSDevice(),
                        io.throttleWriteIOPSDevice())
                .flatMap(List::stream)
                .forEach(this::check);
    }

    private void check(Throttle throttle) {
        var device = throttle.major() + ":" + throttle.minor();
        if (throttle.rate() < 0) {
            throw FaultException.invalid(
                    "rate %d of block device %s is negative", throttle.rate(), device);
        }
        var node = "/sys/dev/block/" + device;
        if (!kernel.exists(node)) {
            throw FaultException.invalid("no block device %s: %s does not exist", device, node);
        }
        if (kernel.exists(node + "/partition")) {
            throw FaultException.invalid(
                    "block device %s is a partition: only whole devices have rates", device);
        }
    }
}
