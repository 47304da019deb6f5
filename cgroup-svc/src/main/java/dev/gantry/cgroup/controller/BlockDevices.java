package dev.gantry.cgroup.controller;

import dev.gantry.bus.contract.oci.LinuxResources.BlockIo;
import dev.gantry.bus.contract.oci.LinuxResources.DeviceWeight;
import dev.gantry.bus.contract.oci.LinuxResources.Throttle;
import dev.gantry.bus.fault.FaultCode;
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
        io.weight().ifPresent(BlockDevices::inRange);
        io.weightDevice().forEach(this::check);
        Stream.of(
                        io.throttleReadBpsDevice(),
                        io.throttleWriteBpsDevice(),
                        io.throttleReadIOPSDevice(),
                        io.throttleWriteIOPSDevice())
                .flatMap(List::stream)
                .forEach(this::check);
    }

    private static void inRange(int weight) {
        if (weight < 10 || weight > 1000) {
            throw FaultException.invalid("blkio weight %d is not 10..1000", weight);
        }
    }

    /** As the files for weights take it. */
    public static String line(DeviceWeight device) {
        return device.major() + ":" + device.minor() + " " + device.weight().orElseThrow();
    }

    private void check(DeviceWeight weight) {
        var device = weight.major() + ":" + weight.minor();
        inRange(
                weight.weight()
                        .orElseThrow(
                                () ->
                                        FaultException.invalid(
                                                "block device %s: no weight is given", device)));
        var node = whole(device);
        if (!kernel.read(node + "/queue/scheduler").text().contains("[bfq]")) {
            throw FaultException.of(
                    FaultCode.UNSUPPORTED,
                    "weight of block device %s: its scheduler is not bfq, so that it would have no"
                            + " effect",
                    device);
        }
    }

    private void check(Throttle throttle) {
        var device = throttle.major() + ":" + throttle.minor();
        if (throttle.rate() < 0) {
            throw FaultException.invalid(
                    "rate %d of block device %s is negative", throttle.rate(), device);
        }
        whole(device);
    }

    private String whole(String device) {
        var node = "/sys/dev/block/" + device;
        if (!kernel.exists(node)) {
            throw FaultException.invalid("no block device %s: %s does not exist", device, node);
        }
        if (kernel.exists(node + "/partition")) {
            throw FaultException.invalid(
                    "block device %s is a partition: only whole devices have rates and weights",
                    device);
        }
        return node;
    }
}
